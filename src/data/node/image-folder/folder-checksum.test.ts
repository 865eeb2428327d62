import { cp, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { jpeg, writeFiles } from "../image-folder.test.fixture.ts";
import { temporaryDirectory } from "../temporary-directory.test.fixture.ts";
import { checksumOfFiles } from "./folder-checksum.ts";
import { probeFiles } from "./probe-files.ts";

/** As of a folder that is too large to be read as a whole. */
const checksum = async (folder: string, names: readonly string[]): Promise<string> => {
  const probed = await probeFiles(folder, names, {}, 1000);
  expect(probed.some(({ probe }) => probe.kind === "picture" && probe.sha256 === null)).toBe(true);
  const images = probed.map((one) => ({ file: one.file, split: null, class: "a", pathInClass: one.file, probed: one }));
  return checksumOfFiles(images);
};

test("checksumOfFiles(images) knows a copy of a large folder again, and a file that was exchanged or changed at its ends", async () => {
  const files = { "a/large.jpg": await jpeg(1200, 900, 3), "a/small.jpg": await jpeg(20, 20, 1) };
  const names = Object.keys(files);
  const folder = await writeFiles(await temporaryDirectory(), files);
  const before = await checksum(folder, names);

  const copy = join(await temporaryDirectory(), "copy");
  await cp(folder, copy, { recursive: true });
  await utimes(join(copy, "a", "large.jpg"), 1, 1);
  expect(await checksum(copy, names)).toBe(before);

  const { length } = files["a/large.jpg"];
  for (const at of [length - 10, length - 2 ** 16, 2 ** 16 - 1]) {
    const changed = Buffer.from(files["a/large.jpg"]);
    changed[at]! ^= 1;
    await writeFile(join(copy, "a", "large.jpg"), changed);
    expect(await checksum(copy, names)).not.toBe(before);
  }
  await cp(folder, copy, { recursive: true });
  expect(await checksum(copy, names)).toBe(before);
  await writeFile(join(copy, "a", "small.jpg"), await jpeg(20, 20, 2));
  expect(await checksum(copy, names)).not.toBe(before);
});
