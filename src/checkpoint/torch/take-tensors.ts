// From what a pickle holds and the bytes of its storages to named tensors: the part that both of PyTorch's layouts share.
import { FormatError } from "../../base/errors.ts";
import type { HostTensor, NamedTensors } from "../../base/tensor.ts";
import { growthBudget } from "../growth-budget.ts";
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

/** A storage as the file has it: its bytes are known before they are read, for they may be deflated. */
export interface FoundStorage {
  readonly bytes: number;
  readonly read: () => Uint8Array;
}

/** What the tensors of any file may take. */
export const growthFloorBytes = 2 ** 20;

/**
 * The state dict of a pickle. `findStorage` finds a storage; its bytes must be as many as the pickle says. Throws FormatError, also when
 * the tensors and the storages that they lie in would take much more memory than a file of `fileBytes` bytes explains.
 */
export const takeTensors = (
  { value }: Unpickled,
  findStorage: (storage: StorageReference) => FoundStorage,
  fileBytes: number,
  file: string,
): TorchFile => {
  const found = findStateDict(value);
  if (typeof found === "string") throw new FormatError(file, found);
  const take = growthBudget(fileBytes, growthFloorBytes);
  const storages = new Map<string, Uint8Array>();
  const tensors = new Map<string, HostTensor>();
  for (const [name, view] of found.tensors) {
    const refuse = (problem: string): never => {
      throw new FormatError(file, `tensor ${quote(name)} ${problem}`, view.byteOffset);
    };
    const { type, key, elements } = view.storage;
    const count = viewElements(view, refuse);
    take(Math.max(readBytes(type, count), count * storedTypes[type].bytes), refuse);
    const { bytes, read } = findStorage(view.storage);
    if (bytes !== elements * storedTypes[type].bytes) {
      refuse(`lies in storage ${quote(key)} of ${elements} × ${type}, which has ${bytes} bytes`);
    }
    let storage = storages.get(key);
    if (storage === undefined) {
      take(bytes, refuse);
      storage = read();
      storages.set(key, storage);
    }
    tensors.set(name, readView(view, storage, refuse));
  }
  return { tensors, path: found.path, leftOut: found.leftOut };
};
