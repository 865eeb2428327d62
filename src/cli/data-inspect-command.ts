// The words of `residual data inspect`. What it does is in answer-inspect.ts.
import { type Command, Option } from "commander";
import { answerInspect } from "./answer-inspect.ts";
import type { AddCommand, InSession } from "./data-commands.ts";

interface Inspect {
  readonly json?: true;
  readonly sheet?: string | false;
  readonly decode?: boolean;
}

/** Adds `inspect` to the group of data commands. */
export const addInspectCommand = (group: Command, command: AddCommand, inSession: InSession): void => {
  command(
    "inspect <data>",
    "classes, sizes, damaged and equal images of a data set, and a picture of some; <data> is a name or a path",
    [
      new Option("--sheet <file.png>", "where the picture goes (default: <name>-contact-sheet.png)"),
      new Option("--no-sheet", "draw no picture"),
      new Option("--no-decode", "look at headers and ends alone: faster, and misses damage in between"),
    ],
    group,
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
