// Safetensors files on disk. The format itself: ../safetensors.ts.
import { type FileHandle, open, stat } from "node:fs/promises";
import { FormatError, UsageError } from "../../base/errors.ts";
import { type TensorContainer, takeTensors, tensorParts } from "../safetensors.ts";
import { headerLength, lengthBytes, parseHeader } from "../safetensors-header.ts";
import type { StoredFloat } from "../stored-elements.ts";
import { writeFileAtomically } from "./atomic-file.ts";
import { explainFileError, FileError } from "./file-error.ts";

/**
 * Reads a safetensors file. The header is checked against the file's length before memory for the tensors is taken;
 * their bytes are then read once, to where they stay. Throws UsageError (no such file …), FormatError (not a
 * safetensors file, damaged …), FileError (the disk failed, too little memory).
 */
export const readTensorsFile = async (path: string): Promise<TensorContainer> => {
  try {
    // Asked before opening: opening a pipe would wait for its other end.
    if (!(await stat(path)).isFile()) throw new UsageError(`can't read ${path}: it is not a file`);
    const handle = await open(path, "r");
    try {
      return await readFrom(handle, path);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw explainFileError(error, path, `read ${path}`);
  }
};

const readFrom = async (handle: FileHandle, path: string): Promise<TensorContainer> => {
  const { size } = await handle.stat();
  const start = await readExactly(handle, path, 0, Math.min(lengthBytes, size));
  const dataStart = lengthBytes + headerLength(start, size, path);
  const json = await readExactly(handle, path, lengthBytes, dataStart - lengthBytes);
  const header = parseHeader(json, size - dataStart, path);
  const data = await readExactly(handle, path, dataStart, size - dataStart);
  return takeTensors(header, data, dataStart, path);
};

const readExactly = async (handle: FileHandle, path: string, position: number, bytes: number): Promise<Uint8Array> => {
  const buffer = allocateBytes(path, bytes);
  for (let filled = 0; filled < bytes; ) {
    const { bytesRead } = await handle.read(buffer, filled, Math.min(bytes - filled, 2 ** 30), position + filled);
    if (bytesRead === 0) throw new FormatError(path, "the file became shorter while it was read", position + filled);
    filled += bytesRead;
  }
  return buffer;
};

const allocateBytes = (path: string, bytes: number): Uint8Array => {
  try {
    return new Uint8Array(bytes);
  } catch (error) {
    throw new FileError(path, "ENOMEM", `can't read ${path}: it needs ${bytes} bytes of memory at once`, error);
  }
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
