// Hundreds of damaged pictures in a folder: none crashes or hangs what reads them, and each is used, left out with a line, or told of
// when it is decoded.
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { randomPurposes, randomStream } from "../../../base/philox.ts";
import { photographPreprocessing } from "../../photographs.ts";
import type { BrokenImage } from "../../prepare.ts";
import { inEveryFormat, jpeg, writeFiles } from "../image-folder.test.fixture.ts";
import { openEvaluationLoader } from "../loader.ts";
import { temporaryDirectory } from "../temporary-directory.test.fixture.ts";
import { openImageFolder } from "./open-image-folder.ts";
import { probeFiles } from "./probe-files.ts";

const variants = 40;

/** Bytes flipped, a stretch filled or lost, or the end cut off. */
const damage = (whole: Uint8Array, seed: number): Uint8Array => {
  const stream = randomStream(seed, randomPurposes.synthetic, whole.length);
  const bytes = Uint8Array.from(whole);
  const from = stream.below(bytes.length);
  const end = Math.min(bytes.length, from + 1 + stream.below(200));
  switch (seed % 4) {
    case 0:
      for (let flips = 1 + stream.below(6); flips > 0; flips--)
        bytes[stream.below(bytes.length)]! ^= 1 + stream.below(255);
      return bytes;
    case 1:
      return bytes.fill(stream.below(256), from, end);
    case 2:
      return Buffer.concat([bytes.subarray(0, from), bytes.subarray(end)]);
    default:
      return bytes.subarray(0, from);
  }
};

const damagedFiles = async (): Promise<Record<string, Uint8Array>> => {
  const files: Record<string, Uint8Array> = {
    "a/whole.jpg": await jpeg(40, 30, 1),
    "b/whole.jpg": await jpeg(40, 30, 2),
  };
  let seed = 0;
  for (const [name, whole] of Object.entries(await inEveryFormat())) {
    for (let i = 0; i < variants; i++) {
      files[`${seed % 8 < 4 ? "a" : "b"}/${i}-${name}`] = damage(whole, seed);
      seed++;
    }
  }
  return files;
};

describe("400 damaged pictures", { timeout: 240_000 }, () => {
  test("are each used, left out with a line, or told of in decoding", async () => {
    const files = await damagedFiles();
    const folder = await writeFiles(await temporaryDirectory(), files);
    const data = await openImageFolder(folder);
    if (data?.train.kind !== "files" || data.test.kind !== "files") throw new Error("the folder isn't recognised");
    const leftOut = data.leftOut?.map(({ file }) => file) ?? [];
    expect([...data.train.paths, ...data.test.paths, ...leftOut].sort()).toEqual(Object.keys(files).sort());
    expect(data.leftOut?.every(({ problem }) => /^[^\n]{5,200}$/.test(problem))).toBe(true);

    const preprocessing = photographPreprocessing([3, 16, 16]);
    let decoded = 0;
    const broken: BrokenImage[] = [];
    for (const source of [data.train, data.test]) {
      const onBroken = (one: BrokenImage) => broken.push(one);
      const loader = openEvaluationLoader({ source, preprocessing, batch: 32, workers: 1, onBroken });
      for (let batch = await loader.next(); batch !== null; batch = await loader.next()) {
        expect(batch.images.data.every(Number.isFinite)).toBe(true);
        decoded += batch.count;
        batch.release();
      }
      await loader.dispose();
    }
    expect(decoded + broken.length + leftOut.length).toBe(Object.keys(files).length);
    expect(broken.every(({ problem }) => /^[ab]\/[^\n]+: [^\n]{5,300}$/.test(problem))).toBe(true);
    // Of every sort there are some, or the damage proves nothing.
    expect(Math.min(decoded, broken.length, leftOut.length)).toBeGreaterThan(10);
  });

  test("are judged alike by their ends alone, where folders are too large to be read", async () => {
    const files = { ...(await damagedFiles()), "a/large.jpg": await jpeg(1200, 900, 3) };
    const names = Object.keys(files);
    expect(files["a/large.jpg"].length).toBeGreaterThan(2 ** 17 + 1);
    const folder = await writeFiles(await temporaryDirectory(), files);
    const whole = await probeFiles(folder, names, {});
    const ends = await probeFiles(folder, names, {}, 1000);
    expect(ends.map(({ probe }) => probe.kind)).toEqual(whole.map(({ probe }) => probe.kind));
    const probeOf = (probed: typeof whole) => probed[names.indexOf("a/large.jpg")]?.probe;
    const bytes = files["a/large.jpg"];
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const identity = createHash("sha256")
      .update(bytes.subarray(0, 2 ** 16))
      .update(bytes.subarray(-(2 ** 16)))
      .digest("hex");
    expect(probeOf(whole)).toEqual({ kind: "picture", actualFormat: null, sha256, identity: sha256 });
    expect(probeOf(ends)).toEqual({ kind: "picture", actualFormat: null, sha256: null, identity });
  });
});
