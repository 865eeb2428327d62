// Safetensors files on disk. The format itself: ../safetensors.ts.
import { type TensorContainer, takeTensors, tensorParts } from "../safetensors.ts";
import { headerLength, lengthBytes, parseHeader } from "../safetensors-header.ts";
import type { StoredFloat } from "../stored-elements.ts";
import { writeFileAtomically } from "./atomic-file.ts";
import { type WeightsFile, withFile } from "./read-file.ts";

/**
 * Reads a safetensors file. The header is checked against the file's length before memory for the tensors is taken;
 * their bytes are then read once, to where they stay. Throws UsageError (no such file …), FormatError (not a
 * safetensors file, damaged …), FileError (the disk failed, too little memory).
 */
export const readTensorsFile = (path: string): Promise<TensorContainer> => withFile(path, readSafetensors);

/** The same of an open file. */
export const readSafetensors = async ({ path, bytes, read }: WeightsFile): Promise<TensorContainer> => {
  const start = await read(0, Math.min(lengthBytes, bytes));
  const dataStart = lengthBytes + headerLength(start, bytes, path);
  const json = await read(lengthBytes, dataStart - lengthBytes);
  const header = parseHeader(json, bytes - dataStart, path);
  return takeTensors(header, await read(dataStart, bytes - dataStart), dataStart, path);
};

/**
 * Writes a safetensors file, whole or not at all; an existing one is replaced. Tensors are written from where they lie,
 * so they must not change before this resolves. `floats` as tensorParts has it. Errors as `writeFileAtomically`'s.
 */
export const writeTensorsFile = (
  path: string,
  container: TensorContainer,
  floats: StoredFloat = "f32",
): Promise<void> => writeFileAtomically(path, tensorParts(container, floats));
