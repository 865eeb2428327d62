// Hundreds of damaged pictures in a folder: none crashes or hangs what reads them, and each is used, left out with a line, or told of
// when it is decoded.
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { jpeg, writeFiles } from "../image-folder.test.fixture.ts";
import { temporaryDirectory } from "../temporary-directory.test.fixture.ts";
import { damagedPictures } from "./damaged-pictures.test.fixture.ts";
import { probeFiles } from "./probe-files.ts";
import { readDamagedPictures } from "./read-damaged-pictures.test.fixture.ts";

/** The whole 2,000 of tools/fuzz.ts take a minute on a busy machine. */
const count = 500;

describe("500 damaged pictures", { timeout: 240_000 }, () => {
  test("are each used, left out with a line, or told of in decoding", async () => {
    const files = await damagedPictures(count);
    expect(Object.keys(files)).toHaveLength(count);
    const folder = await writeFiles(await temporaryDirectory(), files);
    const { used, leftOut, broken } = await readDamagedPictures(folder);
    const brokenFiles = broken.map((problem) => problem.slice(0, problem.indexOf(": ")));
    const all = [...used, ...leftOut.map(({ file }) => file), ...brokenFiles];
    expect(all.sort()).toEqual(Object.keys(files).sort());
    expect(leftOut.filter(({ problem }) => !/^[^\n]{5,200}$/.test(problem))).toEqual([]);
    expect(broken.filter((problem) => !/^[ab]\/[^\n]+: [^\n]{5,300}$/.test(problem))).toEqual([]);
    // Of every fate there are some, or the damage proves nothing.
    expect(Math.min(used.length, broken.length, leftOut.length)).toBeGreaterThan(10);
  });

  test("are judged alike by their ends alone, where folders are too large to be read", async () => {
    const files = { ...(await damagedPictures(100)), "a/large.jpg": await jpeg(1200, 900, 3) };
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
    const size = { pixels: 1200 * 900, decodingBytes: bytes.length + 3.5 * 1200 * 900 };
    expect(probeOf(whole)).toEqual({ kind: "picture", actualFormat: null, sha256, identity: sha256, size });
    expect(probeOf(ends)).toEqual({ kind: "picture", actualFormat: null, sha256: null, identity, size });
  });
});
