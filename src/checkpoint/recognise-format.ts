// What kind of weights file some bytes start as. By content: names and extensions say what people hoped for.
import { startsAsNpy } from "./numpy/npy-header.ts";
import { startsAsPickle } from "./torch/torch-legacy.ts";
import { startsAsZip } from "./zip/read-zip.ts";

/** A pickle may be PyTorch's legacy layout, a zip PyTorch's or numpy's. */
export type StartsAs = "safetensors" | "zip" | "pickle";

/** As many bytes of a file's start as recognition takes; fewer of a shorter file. */
export const recognitionBytes = 512;

const ascii = (start: Uint8Array, from: number, to: number): string => String.fromCharCode(...start.subarray(from, to));

/** Files that people have and that aren't read here, each with what to do. */
const others: readonly (readonly [is: (start: Uint8Array) => boolean, what: string])[] = [
  [startsAsNpy, "a single numpy array; several by name, numpy.savez(file, **arrays), are read"],
  [
    (start) => ascii(start, 1, 4) === "HDF",
    "HDF5, as Keras writes it; export it as a tfjs layers model, or save numpy arrays",
  ],
  [(start) => start[0] === 0x1f && start[1] === 0x8b, "gzip; unpack it first"],
  [(start) => ascii(start, 257, 262) === "ustar", "a tar archive (PyTorch before 0.2 wrote such); unpack it first"],
  [(start) => /^\s*</.test(ascii(start, 0, 64)), "HTML or XML; was a web page saved instead of the file?"],
  [(start) => ascii(start, 0, 7) === "version", "text (a Git LFS pointer?); fetch the file that it stands for"],
];

/** What a file of `fileBytes` bytes that starts so is, or else a sentence that says what it is instead. */
export const recogniseFormat = (start: Uint8Array, fileBytes: number): StartsAs | { readonly instead: string } => {
  if (startsAsZip(start)) return "zip";
  if (startsAsPickle(start)) return "pickle";
  const other = others.find(([is]) => is(start));
  if (other !== undefined) return { instead: `it is ${other[1]}` };
  if (start.length >= 9 && start[8] === 0x7b) {
    const header = Number(new DataView(start.buffer, start.byteOffset, 8).getBigUint64(0, true));
    if (header <= fileBytes - 8) return "safetensors";
  }
  if (fileBytes === 0) return { instead: "it is empty" };
  const first = [...start.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return { instead: `it starts with the bytes ${first}, which no format that is read does` };
};
