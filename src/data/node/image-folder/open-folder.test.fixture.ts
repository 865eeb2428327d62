// For tests: folders of images, made and opened.
import type { DataSet } from "../../data-set.ts";
import type { DataSetEvent } from "../data-set-options.ts";
import { jpeg, writeFiles } from "../image-folder.test.fixture.ts";
import { temporaryDirectory } from "../temporary-directory.test.fixture.ts";
import { openImageFolder } from "./open-image-folder.ts";

export type Files = Record<string, Uint8Array | string>;

/** Opens a folder of these files; `told` are its notices and warnings. */
export const openFiles = async (files: Files) => {
  const folder = await writeFiles(await temporaryDirectory(), files);
  const told: string[] = [];
  const onEvent = (event: DataSetEvent) => {
    if ("message" in event) told.push(`${event.event}: ${event.message}`);
  };
  const data = await openImageFolder(folder, { onEvent });
  return { folder, told, data };
};
export const open = async (files: Files) => {
  const { data, ...rest } = await openFiles(files);
  if (data === null) throw new Error("the folder isn't recognised");
  return { data, ...rest };
};
export const pathsOf = (source: DataSet["train"] | null): readonly string[] =>
  source?.kind === "files" ? source.paths : [];
export const allPaths = ({ train, test, validation }: DataSet): readonly string[] =>
  [...pathsOf(train), ...pathsOf(test), ...pathsOf(validation)].sort();

/** `count` different pictures in each of these folders. */
export const classesOf = async (folders: readonly string[], count: number): Promise<Files> => {
  const files: Files = {};
  for (const [c, folder] of folders.entries()) {
    for (let i = 0; i < count; i++) files[`${folder}/${i}.jpg`] = await jpeg(16, 12, 100 * c + i);
  }
  return files;
};
