// PyTorch's files before 1.6 (and since, with _use_new_zipfile_serialization=False): four pickles (a magic number, the protocol, the
// system, the object), one of the storages' keys, then each storage: its elements as u64, and their bytes, without gaps.
// After torch/serialization.py of PyTorch 1.13. Nothing in the file is executed.
import { FormatError } from "../../base/errors.ts";
import { storedTypes } from "../stored-elements.ts";
import { pickleLimits } from "./machine.ts";
import { describeValue, isKind, quote, type StorageReference } from "./pickle-values.ts";
import { type FoundStorage, type TorchFile, takeTensors } from "./take-tensors.ts";
import { type Unpickled, unpickle } from "./unpickle.ts";

const magic = 0x1950a86a20f9469cfc6cn;
const protocol = 1001;

/** Whether a file starts as a pickle of protocol 2 or later does. */
export const startsAsPickle = ([first, version = 0]: Uint8Array): boolean =>
  first === 0x80 && version >= 2 && version <= pickleLimits.protocol;

/** Reads the tensors of a whole file. Throws FormatError for what is damaged and what is not allowed. */
export const readTorchLegacy = (bytes: Uint8Array, file: string): TorchFile => {
  let at = 0;
  const fail = (problem: string, byteOffset: number): never => {
    throw new FormatError(file, problem, byteOffset);
  };
  const next = (): Unpickled => {
    const unpickled = unpickle(bytes, at, file, 0);
    at = unpickled.end;
    return unpickled;
  };
  if (next().value !== magic) fail("is a pickle, but not one that PyTorch saved", 0);
  const protocolAt = at;
  const { value: given } = next();
  if (given !== protocol) fail(`has PyTorch's protocol ${describeValue(given)}; only ${protocol} is known`, protocolAt);
  const systemAt = at;
  const { value: system } = next();
  if (!isKind(system, "dict") || system.entries.get("little_endian") !== true) {
    fail("has big-endian numbers, which aren't read; save it on another machine", systemAt);
  }
  const object = next();
  const keysAt = at;
  const { value: keys } = next();
  if (!isKind(keys, "list")) return fail(`the list of storages is ${describeValue(keys)}`, keysAt);

  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const storages = new Map<string, Uint8Array>();
  for (const key of keys.items) {
    const reference = typeof key === "string" ? object.storages.get(key) : undefined;
    if (typeof key !== "string" || reference === undefined) {
      return fail(`the list of storages has ${describeValue(key)}, which no tensor lies in`, keysAt);
    }
    if (storages.has(key)) fail(`the list of storages has ${quote(key)} twice`, keysAt);
    if (at + 8 > bytes.length) fail(`the file breaks off before storage ${quote(key)}`, at);
    const elements = Number(view.getBigUint64(at, true));
    if (elements !== reference.elements) {
      fail(`storage ${quote(key)} has ${elements} elements, but the pickle says ${reference.elements}`, at);
    }
    const end = at + 8 + elements * storedTypes[reference.type].bytes;
    if (!(end <= bytes.length))
      fail(`storage ${quote(key)} should end at byte ${end} but the file has ${bytes.length}`, at);
    storages.set(key, bytes.subarray(at + 8, end));
    at = end;
  }
  const findStorage = ({ key, byteOffset }: StorageReference): FoundStorage => {
    const storage = storages.get(key) ?? fail(`the file lacks the storage ${quote(key)}`, byteOffset);
    return { bytes: storage.length, read: () => storage };
  };
  return takeTensors(object, findStorage, bytes.length, file);
};
