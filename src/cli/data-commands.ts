// The words of `residual data <command>`: what looks at data sets and rewrites them. What a command does is in answer-inspect.ts.
import { type Command, Option } from "commander";
import { answerInspect } from "./answer-inspect.ts";
import type { ExitStatus } from "./exit-status.ts";
import type { Session } from "./session.ts";

/** Adds a command, with the options that all have, to a group of them (default: the program). */
export type AddCommand = (usage: string, description: string, options: readonly Option[], group?: Command) => Command;

interface Inspect {
  readonly json?: true;
  readonly sheet?: string | false;
  readonly decode?: boolean;
}

/** `residual data inspect`. */
export const addDataCommands = (
  program: Command,
  command: AddCommand,
  inSession: (json: boolean, run: (session: Session) => Promise<ExitStatus | undefined>) => Promise<void>,
): void => {
  const data = program
    .command("data")
    .description("looks at data sets")
    .helpOption("-h, --help", "print this")
    .helpCommand(false);
  command(
    "inspect <data>",
    "classes, sizes, damaged and equal images of a data set, and a picture of some; <data> is a name or a path",
    [
      new Option("--sheet <file.png>", "where the picture goes (default: <name>-contact-sheet.png)"),
      new Option("--no-sheet", "draw no picture"),
      new Option("--no-decode", "look at headers and ends alone: faster, and misses damage in between"),
    ],
    data,
  ).action((path: string, { json, sheet, decode }: Inspect) =>
    inSession(json === true, async (session) => {
      await answerInspect(
        { data: path, ...(sheet !== undefined && { sheet }), ...(decode !== undefined && { decode }) },
        session,
      );
      return undefined;
    }),
  );
};
