// PyTorch's files since 1.6: a zip of a pickle, `archive/data.pkl`, and of the storages that it names, `archive/data/0`. The pickle is
// read by a restricted unpickler: nothing in the file is executed. After torch/serialization.py of PyTorch 1.13.
import { FormatError } from "../../base/errors.ts";
import type { Zip, ZipEntry } from "../zip/read-zip.ts";
import { pickleLimits } from "./machine.ts";
import { quote, type StorageReference } from "./pickle-values.ts";
import { type FoundStorage, type TorchFile, takeTensors } from "./take-tensors.ts";
import { unpickle } from "./unpickle.ts";

/** The entry that makes a zip PyTorch's; undefined in another's. */
export const pickleEntry = ({ entries }: Zip): ZipEntry | undefined =>
  [...entries.values()].find(({ name }) => /^[^/]+\/data\.pkl$/.test(name));

/** Reads the tensors of a zip of `fileBytes` bytes. Throws FormatError for what is damaged and what is not allowed. */
export const readTorchZip = (zip: Zip, fileBytes: number, file: string): TorchFile => {
  const entry = pickleEntry(zip);
  if (entry === undefined) throw new FormatError(file, "the zip has no data.pkl, which PyTorch's files have");
  const folder = entry.name.slice(0, -"data.pkl".length);
  if (zip.entries.has(`${folder}constants.pkl`)) {
    const remedy = "in Python: torch.save(torch.jit.load(file).state_dict(), other)";
    throw new FormatError(file, `is a TorchScript program, not a dict of tensors; ${remedy}`);
  }
  const order = zip.entries.get(`${folder}byteorder`);
  if (order !== undefined && new TextDecoder().decode(zip.read(order).subarray(0, 16)) !== "little") {
    throw new FormatError(
      file,
      "has big-endian numbers, which aren't read; save it on another machine",
      order.headerStart,
    );
  }
  if (entry.bytes > pickleLimits.bytes) {
    throw new FormatError(
      file,
      `the pickle has ${entry.bytes} bytes, more than ${pickleLimits.bytes}`,
      entry.headerStart,
    );
  }
  const unpickled = unpickle(zip.read(entry), 0, file, zip.contentStart(entry));
  const findStorage = ({ key, byteOffset }: StorageReference): FoundStorage => {
    const storage = zip.entries.get(`${folder}data/${key}`);
    if (storage === undefined) throw new FormatError(file, `the zip lacks the storage ${quote(key)}`, byteOffset);
    return { bytes: storage.bytes, read: () => zip.read(storage) };
  };
  return takeTensors(unpickled, findStorage, fileBytes, file);
};
