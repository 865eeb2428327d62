// tfjs layers-format models on disk: a folder with model.json and its shards. The format itself: ../tfjs.ts.
import * as fs from "node:fs/promises";
import { basename, dirname, join, sep } from "node:path";
import { FormatError, UsageError } from "../../base/errors.ts";
import { explainFileError, FileError } from "../../base/file-error.ts";
import type { HostTensor } from "../../base/tensor.ts";
import type { StoredFloat } from "../stored-elements.ts";
import { type TfjsModel, tfjsFiles, tfjsGroupTensors } from "../tfjs.ts";
import { maxManifestBytes, parseTfjsManifest, type TfjsGroup } from "../tfjs-manifest.ts";
import { syncDirectory, temporaryName, writeSynced } from "./atomic-file.ts";

const sizeOfFile = async (path: string): Promise<number> => {
  const found = await fs.stat(path);
  if (!found.isFile()) throw new UsageError(`can't read ${path}: it is not a file`);
  return found.size;
};

/** The shards of a group, which are measured before memory is taken, read to where they stay. */
const readGroup = async (group: TfjsGroup, folder: string, file: string): Promise<Uint8Array> => {
  const inside = (await fs.realpath(folder)) + sep;
  const shards: { path: string; bytes: number }[] = [];
  for (const name of group.paths) {
    const path = join(folder, name);
    const bytes = await sizeOfFile(path);
    if (!(await fs.realpath(path)).startsWith(inside)) {
      throw new FormatError(file, `the shard ${JSON.stringify(name)} is a link to outside the model's folder`);
    }
    shards.push({ path, bytes });
  }
  const total = shards.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total !== group.bytes) {
    throw new FormatError(file, `its weights take ${group.bytes} bytes but its shards have ${total}`);
  }
  let content: Uint8Array;
  try {
    content = new Uint8Array(total);
  } catch (error) {
    throw new FileError(file, "ENOMEM", `can't read ${file}: it needs ${total} bytes of memory at once`, error);
  }
  let offset = 0;
  for (const { path, bytes } of shards) {
    const handle = await fs.open(path, "r");
    try {
      for (const end = offset + bytes; offset < end; ) {
        const { bytesRead } = await handle.read(content, offset, end - offset);
        if (bytesRead === 0) throw new FormatError(path, "the file became shorter while it was read");
        offset += bytesRead;
      }
    } finally {
      await handle.close();
    }
  }
  return content;
};

/**
 * Reads the model whose model.json is `file`. Sizes are checked before memory for the weights is taken. Throws UsageError (no
 * such file …), FormatError (no layers model, shards that are missing bytes or lie elsewhere), FileError (the disk failed).
 */
export const readTfjsFolder = async (file: string): Promise<TfjsModel> => {
  try {
    const bytes = await sizeOfFile(file);
    if (bytes > maxManifestBytes) {
      throw new FormatError(file, `${bytes} bytes are too many for a model.json (${maxManifestBytes})`);
    }
    const { topology, groups, metadata } = parseTfjsManifest(await fs.readFile(file), file);
    const tensors = new Map<string, HostTensor>();
    for (const group of groups) {
      const content = await readGroup(group, dirname(file), file);
      for (const [name, read] of tfjsGroupTensors(group, content, file)) tensors.set(name, read);
    }
    return { topology, tensors, metadata };
  } catch (error) {
    throw explainFileError(error, file, `read the model ${file}`);
  }
};

/**
 * Writes a model as a new folder, whole or not at all; its name must be free. Throws UsageError (the name is taken, tensors that
 * aren't f32 …), FileError (a full disk). `floats` as tfjsFiles has it.
 */
export const writeTfjsFolder = async (folder: string, model: TfjsModel, floats: StoredFloat = "f32"): Promise<void> => {
  const files = tfjsFiles(model, floats);
  const temporary = join(dirname(folder), temporaryName(basename(folder)));
  try {
    // rename would replace an empty folder, and no other: an existing one is refused before anything is written.
    if ((await fs.stat(folder).catch(() => null)) !== null) {
      throw new UsageError(`can't write ${folder}: it exists already; name another folder`);
    }
    await fs.mkdir(temporary);
    for (const { path, parts } of files) await writeSynced(join(temporary, path), parts);
    await syncDirectory(temporary);
    await fs.rename(temporary, folder);
    await syncDirectory(dirname(folder));
  } catch (error) {
    await fs.rm(temporary, { recursive: true, force: true }).catch(() => {}); // the first error is the one to tell
    throw explainFileError(error, folder, `write ${folder}`);
  }
};
