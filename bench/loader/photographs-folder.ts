// The folder of JPEG files that a training from files is measured on: as large, in pixels and in bytes, as ImageNet's photographs are
// on average, and drawn rather than taken, so that everyone measures the same. Made once, in the cache folder.
import { existsSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { filesSource, type ImageSource } from "../../src/data/source.ts";
import { openDeadLeaves } from "./dead-leaves.ts";

/** What is in the folder: data of the benchmark's records. */
export const photographs = {
  count: 2000,
  width: 500,
  height: 375,
  classes: 10,
  /** Of libjpeg, chroma at half the resolution, as cameras have it: files of 110 kB on average. */
  quality: 94,
} as const;

const classOf = (i: number): number => i % photographs.classes;
const fileOf = (i: number): string => `class${classOf(i)}/${String(i).padStart(5, "0")}.jpg`;

/** Gives the folder of class folders below `cache`; it exists whole or not at all. `say` is told before it is made. */
export const photographsFolder = async (cache: string, say: (line: string) => void): Promise<string> => {
  const { count, width, height, classes, quality } = photographs;
  const folder = join(cache, "bench", `photographs-${count}-${width}x${height}-q${quality}`);
  if (existsSync(folder)) return folder;
  say(`drawing ${count} photographs into ${folder}`);
  const unfinished = `${folder}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  for (let k = 0; k < classes; k++) await mkdir(join(unfinished, `class${k}`), { recursive: true });
  const draw = openDeadLeaves(0, width, height);
  for (let i = 0; i < count; i++) {
    const jpeg = sharp(draw(i).bytes, { raw: { width, height, channels: 3 } }).jpeg({ quality });
    await writeFile(join(unfinished, fileOf(i)), await jpeg.toBuffer());
  }
  await rename(unfinished, folder);
  return folder;
};

/** The files of the folder, without a walk through it. */
export const photographsSource = (folder: string): ImageSource<"files"> => {
  const all = Array.from({ length: photographs.count }, (_, i) => i);
  return filesSource(folder, all.map(fileOf), all.map(classOf));
};
