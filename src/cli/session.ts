// What each command of the command line works with: the environment of commands, and the two streams. People read stderr,
// programs stdout.
import type { CommandEnvironment } from "../commands/environment.ts";
import type { CommandEvent } from "../commands/events.ts";

export interface Session {
  readonly environment: CommandEnvironment;
  /** Whether a program reads: then stdout gets JSON, and stderr warnings alone. */
  readonly json: boolean;
  /** A line for people, on stderr. Not to be called where a program reads. */
  readonly print: (line: string) => void;
  /** The one document of a command, or one line of train's, on stdout. */
  readonly writeJson: (value: unknown) => void;
}

/** Prints lines for people, or the document for programs. */
export const answer = (session: Session, document: unknown, lines: () => readonly string[]): void => {
  if (session.json) session.writeJson(document);
  else for (const line of lines()) session.print(line);
};

/** The events of a training that are its JSON lines; the others are for people. */
const isLine: { readonly [E in CommandEvent["event"]]: boolean } = {
  data: true,
  download: false,
  estimate: true,
  run: true,
  start: true,
  size: true,
  step: true,
  epoch: true,
  skipped: true,
  "worker replaced": true,
  interrupted: true,
  "stopped early": true,
  checkpoint: true,
  evaluating: false,
  statistics: false,
  calibrating: false,
  probing: false,
  inspecting: false,
  packing: false,
  report: true,
  broken: true,
  notice: false,
  warning: false,
  end: true,
};

export const isJsonLine = ({ event }: CommandEvent): boolean => isLine[event];
