// Opens a weights file of any format that is read here, and says what it found.
import { UsageError } from "../../base/errors.ts";
import type { NamedTensors } from "../../base/tensor.ts";
import { isNpz, readNpz } from "../numpy/npz.ts";
import { recogniseFormat, recognitionBytes } from "../recognise-format.ts";
import type { TensorContainer } from "../tensor-container.ts";
import type { TorchFile } from "../torch/take-tensors.ts";
import { readTorchLegacy } from "../torch/torch-legacy.ts";
import { pickleEntry, readTorchZip } from "../torch/torch-zip.ts";
import { readZip } from "../zip/read-zip.ts";
import { type WeightsFile, withFile } from "./read-file.ts";
import { readSafetensors } from "./tensors-file.ts";

/** Formats of weights files; "pytorch-legacy" is PyTorch's layout before 1.6, without a zip. */
export const weightsFormats = ["safetensors", "pytorch", "pytorch-legacy", "npz"] as const;
export type WeightsFormat = (typeof weightsFormats)[number];

export interface OpenedTensors extends TensorContainer {
  readonly format: WeightsFormat;
  /** For people: "a PyTorch file (zip), its state_dict; epoch and optimizer are left out". */
  readonly found: string;
  /** Names of what the file holds besides the tensors. */
  readonly leftOut: readonly string[];
}

/**
 * Reads the tensors of a safetensors, PyTorch (zip or legacy) or npz file, which is told by its content, not its name. Nothing in a
 * file is executed. Errors as readTensorsFile's; UsageError says what a file is that isn't one of these.
 */
export const openTensors = (path: string): Promise<OpenedTensors> =>
  withFile(path, async (file) => {
    const start = await file.read(0, Math.min(recognitionBytes, file.bytes));
    const format = recogniseFormat(start, file.bytes);
    if (typeof format === "object") {
      // A safetensors file that is cut short is told by its name alone; its reader says best what is wrong with it.
      if (path.endsWith(".safetensors")) return readers.safetensors(file);
      throw new UsageError(`${path} holds no weights that can be read: ${format.instead}`);
    }
    return readers[format](file);
  });

const readers = {
  safetensors: async (file: WeightsFile): Promise<OpenedTensors> => ({
    ...(await readSafetensors(file)),
    format: "safetensors",
    found: "a safetensors file",
    leftOut: [],
  }),
  pickle: async ({ path, bytes, read }: WeightsFile): Promise<OpenedTensors> =>
    fromTorch("pytorch-legacy", "a PyTorch file (legacy layout)", readTorchLegacy(await read(0, bytes), path)),
  zip: async ({ path, bytes, read }: WeightsFile): Promise<OpenedTensors> => {
    const zip = readZip(await read(0, bytes), path);
    if (pickleEntry(zip) !== undefined) return fromTorch("pytorch", "a PyTorch file", readTorchZip(zip, bytes, path));
    if (isNpz(zip)) return withoutMetadata("npz", "numpy arrays (npz)", readNpz(zip, bytes, path), []);
    const names = [...zip.entries.keys()].slice(0, 5).map((name) => JSON.stringify(name.slice(0, 60)));
    const kind = `it is a zip, neither PyTorch's nor numpy's, of ${names.join(", ") || "nothing"}`;
    throw new UsageError(`${path} holds no weights that can be read: ${kind}`);
  },
};

const withoutMetadata = (
  format: WeightsFormat,
  found: string,
  tensors: NamedTensors,
  leftOut: readonly string[],
): OpenedTensors => ({ format, found, tensors, leftOut, metadata: {} });

/** How many of the things left out a sentence names. */
const namedAtMost = 6;

const fromTorch = (format: WeightsFormat, kind: string, { tensors, path, leftOut }: TorchFile): OpenedTensors => {
  const where = path.length === 0 ? "" : `, its ${path.join(".")}`;
  const named = leftOut
    .slice(0, namedAtMost)
    .map((name) => name.slice(0, 60))
    .join(", ");
  const more = leftOut.length > namedAtMost ? ` and ${leftOut.length - namedAtMost} more` : "";
  const rest = leftOut.length === 0 ? "" : `; left out: ${named}${more}`;
  return withoutMetadata(format, `${kind}${where}${rest}`, tensors, leftOut);
};
