// In which format weights are to be written, told by the name they are to have.
import { UsageError } from "../../base/errors.ts";
import { formatForPath, type WrittenFormat, writtenExtensions } from "../../checkpoint/write-formats.ts";
import { type GraphFormatName, graphFormats } from "./graph-formats.ts";

/** A format of tensors by name, or one that describes the network. */
export type WrittenAs =
  | { readonly kind: "tensors"; readonly format: WrittenFormat }
  | { readonly kind: "graph"; readonly format: (typeof graphFormats)[number] };

export type WrittenName = WrittenFormat | GraphFormatName;

/** By the extension of a file, or the "/" after a folder's name. Throws UsageError for another: it lists those that are known. */
export const writtenAs = (name: string): WrittenAs => {
  const lower = name.replaceAll("\\", "/").toLowerCase();
  const format = formatForPath(lower);
  if (format !== null) return { kind: "tensors", format };
  const graph = graphFormats.find(({ endings }) => endings.some((end) => lower.endsWith(end)));
  if (graph !== undefined) return { kind: "graph", format: graph };
  const files = [...writtenExtensions, ...graphFormats.flatMap(({ endings }) => endings)].filter(
    (end) => !end.includes("/"),
  );
  throw new UsageError(
    `can't tell from the name ${name} in which format to write it; known extensions are ${files.join(", ")}, and a folder's ` +
      'name with "/" at its end is for a Keras model',
  );
};
