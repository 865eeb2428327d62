// What goes to a terminal: names of files, classes and tensors are other people's, and may hold what a terminal obeys.
import { printable } from "../data/node/printable.ts";

/** A text of one or more lines, without anything that a terminal would obey. */
export const printableLines = (text: string): string => text.split("\n").map(printable).join("\n");
