// The words of `residual data <command>`: what looks at data sets and rewrites them.
import type { Command, Option } from "commander";
import { addInspectCommand } from "./data-inspect-command.ts";
import { addPackCommand } from "./data-pack-command.ts";
import type { ExitStatus } from "./exit-status.ts";
import type { Session } from "./session.ts";

/** Adds a command, with the options that all have, to a group of them (default: the program). */
export type AddCommand = (usage: string, description: string, options: readonly Option[], group?: Command) => Command;

/** Runs a command in a session of its own. */
export type InSession = (json: boolean, run: (session: Session) => Promise<ExitStatus | undefined>) => Promise<void>;

/** `residual data inspect` and `residual data pack`. */
export const addDataCommands = (program: Command, command: AddCommand, inSession: InSession): void => {
  const data = program
    .command("data")
    .description("looks at data sets, and rewrites them")
    .helpOption("-h, --help", "print this")
    .helpCommand(false);
  addInspectCommand(data, command, inSession);
  addPackCommand(data, command, inSession);
};
