// From what a pickle holds and the bytes of its storages to named tensors: the part that both of PyTorch's layouts share.
import { FormatError } from "../../base/errors.ts";
import type { HostTensor, NamedTensors } from "../../base/tensor.ts";
import { readBytes, storedTypes } from "../stored-elements.ts";
import { quote, type StorageReference } from "./pickle-values.ts";
import { findStateDict } from "./state-dict.ts";
import { readView, viewElements } from "./storage-view.ts";
import type { Unpickled } from "./unpickle.ts";

/** What a PyTorch file holds; `path` and `leftOut` as StateDict has them. */
export interface TorchFile {
  readonly tensors: NamedTensors;
  readonly path: readonly string[];
  readonly leftOut: readonly string[];
}

/** Tensors may take so many times the file's bytes: views can repeat a storage, u8 becomes i32. Small files have a floor. */
export const growth = { factor: 8, floorBytes: 2 ** 20 } as const;

/**
 * The state dict of a pickle. `storageBytes` gives all bytes of a storage; they must be as many as the pickle says. Throws FormatError,
 * also when the tensors would take much more memory than a file of `fileBytes` bytes explains.
 */
export const takeTensors = (
  { value }: Unpickled,
  storageBytes: (storage: StorageReference) => Uint8Array,
  fileBytes: number,
  file: string,
): TorchFile => {
  const found = findStateDict(value);
  if (typeof found === "string") throw new FormatError(file, found);
  const allowedBytes = Math.max(growth.factor * fileBytes, growth.floorBytes);
  let bytes = 0;
  const tensors = new Map<string, HostTensor>();
  for (const [name, view] of found.tensors) {
    const refuse = (problem: string): never => {
      throw new FormatError(file, `tensor ${quote(name)} ${problem}`, view.byteOffset);
    };
    const { type, key, elements } = view.storage;
    const count = viewElements(view, refuse);
    bytes += Math.max(readBytes(type, count), count * storedTypes[type].bytes);
    if (bytes > allowedBytes) {
      refuse(`brings the tensors to ${bytes} bytes, more than ${growth.factor} times the file's ${fileBytes}`);
    }
    const storage = storageBytes(view.storage);
    if (storage.length !== elements * storedTypes[type].bytes) {
      refuse(`lies in storage ${quote(key)} of ${elements} × ${type}, which has ${storage.length} bytes`);
    }
    tensors.set(name, readView(view, storage, refuse));
  }
  return { tensors, path: found.path, leftOut: found.leftOut };
};
