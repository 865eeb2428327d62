import { execFile } from "node:child_process";
import { link, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import sharp from "sharp";
import { expect, test } from "vitest";
import { temporaryDirectory } from "./temporary-directory.test.fixture.ts";

const [width, height] = [8000, 6000];
/** Threads, their decoders and the files' bytes beside what is counted. */
const mostBesideBytes = 2 ** 27;

/** Progressive: libjpeg holds all of its coefficients, 3 bytes a pixel beside the 3 of the result. */
const hugeJpeg = (): Promise<Buffer> => {
  const coarse = Uint8Array.from({ length: 3 * 80 * 60 }, (_, i) => (i * 2654435761) >>> 24);
  return sharp(coarse, { raw: { width: 80, height: 60, channels: 3 } })
    .resize(width, height, { kernel: "linear" })
    .jpeg({ progressive: true })
    .toBuffer();
};

test("workers decode 8000×6000 pixels one at a time each, within the memory that is told before training", async () => {
  const directory = await temporaryDirectory();
  const file = join(directory, "huge.jpg");
  await writeFile(file, await hugeJpeg());
  for (const name of ["cats", "dogs"]) {
    await mkdir(join(directory, "photos", name), { recursive: true });
    for (let i = 0; i < 3; i++) await link(file, join(directory, "photos", name, `${i}.jpg`));
  }
  const child = fileURLToPath(new URL("./huge-pictures.test.child.js", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [child, join(directory, "photos")]);
  const { images, took, expected, pixels } = JSON.parse(stdout);
  expect([images, pixels]).toEqual([4, width * height]);
  // Two were decoded at once, at least.
  expect(took).toBeGreaterThan(2 * 3 * width * height);
  expect(took).toBeLessThan(expected + mostBesideBytes);
}, 240_000);
