// npz: a zip of .npy arrays, what numpy.savez and savez_compressed write. It carries tensors, and no metadata.
import { FormatError, UsageError } from "../../base/errors.ts";
import type { HostTensor, NamedTensors } from "../../base/tensor.ts";
import { denseCopy } from "../dense-copy.ts";
import { type GrowthBudget, growthBudget } from "../growth-budget.ts";
import {
  overflowRefusal,
  readBytes,
  readElements,
  type StoredFloat,
  storedTypeOf,
  storedTypes,
  writeElements,
} from "../stored-elements.ts";
import type { Zip } from "../zip/read-zip.ts";
import { zipParts } from "../zip/zip-parts.ts";
import { npyHeader, readNpyHeader } from "./npy-header.ts";

const suffix = ".npy";

/** What any file may grow to: arrays of zeros deflate a thousandfold, and a ResNet-152's in f32 take 241 MB. */
const floorBytes = 2 ** 28;

/** Whether every entry of a zip is an array. */
export const isNpz = ({ entries }: Zip): boolean =>
  entries.size > 0 && [...entries.keys()].every((name) => name.endsWith(suffix));

/**
 * Reads the arrays of a zip, in the order of its directory. f2 becomes f32, the integers i32 (an i8, of 64 bits, must fit); big-endian
 * numbers and Fortran order are brought to ours. Throws FormatError, also when the arrays would take much more memory than a file of
 * `fileBytes` bytes explains.
 */
export const readNpz = (zip: Zip, fileBytes: number, file: string): NamedTensors => {
  const take = growthBudget(fileBytes, floorBytes);
  const tensors = new Map<string, HostTensor>();
  for (const entry of zip.entries.values()) {
    const name = entry.name.slice(0, -suffix.length);
    const fileOffset = zip.contentStart(entry);
    const refuse = (problem: string): never => {
      throw new FormatError(file, `array ${JSON.stringify(name)} ${problem}`, fileOffset);
    };
    take(entry.bytes, refuse);
    tensors.set(name, readArray(zip.read(entry), file, name, fileOffset, take, refuse));
  }
  return tensors;
};

const readArray = (
  bytes: Uint8Array,
  file: string,
  name: string,
  fileOffset: number,
  take: GrowthBudget,
  refuse: (problem: string) => never,
): HostTensor => {
  const { type, isBigEndian, isFortranOrder, shape, dataStart } = readNpyHeader(bytes, file, name, fileOffset);
  const { bytes: elementBytes } = storedTypes[type];
  let data = bytes.subarray(dataStart);
  // What it grows by when it is read: u1, of one byte, becomes i32.
  take(Math.max(0, readBytes(type, data.length / elementBytes) - data.length), refuse);
  if (isBigEndian) data = swapped(data, elementBytes);
  if (isFortranOrder) data = denseCopy(data, elementBytes, shape, fortranStrides(shape));
  return readElements(type, shape, data, (index, value) => refuse(`holds ${value} at ${index}, more than 32 bits`));
};

/** The first axis varies fastest. */
const fortranStrides = (shape: readonly number[]): readonly number[] => {
  let stride = 1;
  return shape.map((size) => {
    const own = stride;
    stride *= size;
    return own;
  });
};

/** A copy with the bytes of each element reversed. */
const swapped = (bytes: Uint8Array, elementBytes: number): Uint8Array => {
  const copy = new Uint8Array(bytes.length);
  for (let at = 0; at < bytes.length; at += elementBytes) {
    for (let i = 0; i < elementBytes; i++) copy[at + i] = bytes[at + elementBytes - 1 - i]!;
  }
  return copy;
};

/**
 * An npz file in pieces that are to be written one after another, stored. `floats` as torchParts has it; bf16, which numpy lacks, is
 * refused. Throws UsageError.
 */
export const npzParts = (tensors: NamedTensors, floats: StoredFloat = "f32"): readonly Uint8Array[] => {
  if (floats === "bf16") throw new UsageError("numpy has no bf16; write f32 or f16, or another format");
  return zipParts(
    [...tensors].map(([name, stored]) => {
      const header = npyHeader(storedTypeOf(stored.dtype, floats), stored.shape);
      return [`${name}${suffix}`, [header, writeElements(stored, floats, overflowRefusal(name, floats))]];
    }),
  );
};
