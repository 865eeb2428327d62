// Against Pillow 9.4 and torchvision 0.14 on a JPEG file: fixtures/pictures, made by tools/goldens/pictures.py.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { fittedRegion, reducedRegion, reductionFor } from "../picture-region.ts";
import type { Preprocessing } from "../preprocessing.ts";
import { type Picture, resampleRegion } from "../resample.ts";
import { type OpenedPicture, openPicture } from "./decode-picture.ts";

const folder = fileURLToPath(new URL("../../../../fixtures/pictures/", import.meta.url)); // from dist/src/data/node
const size = z.tuple([z.number(), z.number()]);
const golden = z.object({
  evaluated: z.array(
    z.object({
      shorterSide: z.number(),
      size,
      interpolation: z.enum(["nearest", "bilinear", "bicubic", "lanczos"]),
      bytes: z.string(),
    }),
  ),
  cropped: z.array(
    z.object({
      part: z.object({ left: z.number(), top: z.number(), width: z.number(), height: z.number() }),
      size,
      bytes: z.string(),
    }),
  ),
});
type Golden = z.infer<typeof golden>;

let expected: Golden = { evaluated: [], cropped: [] };
let stored: OpenedPicture;
let picture: Picture;
beforeAll(async () => {
  expected = golden.parse(JSON.parse(await readFile(`${folder}waves.golden.json`, "utf8")));
  stored = await openPicture("waves.jpg", await readFile(`${folder}waves.jpg`));
  picture = await stored.decode(3);
});

const hexadecimal = ({ bytes }: Picture): string => Buffer.from(bytes).toString("hex");

/** Of the bytes, and of their differences. */
const differences = (actual: Picture, bytes: string) => {
  const reference = Buffer.from(bytes, "hex");
  const each = reference.map((value, i) => Math.abs(value - actual.bytes[i]!));
  return { mean: each.reduce((sum, value) => sum + value, 0) / each.length, largest: Math.max(...each) };
};

const regionOf = ({ part, size: [height, width] }: Golden["cropped"][number]) => ({
  part,
  resized: { width, height },
  kept: { left: 0, top: 0, width, height },
  interpolation: "bilinear" as const,
});

describe("a JPEG file", () => {
  test("is evaluated as torchvision's Resize and CenterCrop have it, bit for bit", () => {
    expect(expected.evaluated).toHaveLength(5);
    for (const { shorterSide, size: fed, interpolation, bytes } of expected.evaluated) {
      const fit = { kind: "crop", shorterSide, interpolation } as const;
      const preprocessing: Preprocessing = { size: fed, channels: 3, mean: [0, 0, 0], deviation: [1, 1, 1], fit };
      expect(hexadecimal(resampleRegion(picture, fittedRegion(picture, preprocessing)))).toBe(bytes);
    }
  });

  test("is cropped and resized as torchvision's RandomResizedCrop has it, bit for bit", () => {
    expect(expected.cropped).toHaveLength(4);
    for (const crop of expected.cropped) {
      expect(hexadecimal(resampleRegion(picture, regionOf(crop)))).toBe(crop.bytes);
    }
  });

  // libjpeg keeps a DCT's low frequencies where the triangle filter would have averaged, which no bound of rounding covers. Of 255, by
  // measurement at reductions of 4 and 6: here 1.1 and 2.7 on average, at most 20; on three photographs 0.5 … 1.9, at most 46.
  test("decoded at a fraction of its size is the same within 4 on average and 32 at most", async () => {
    let reduced = 0;
    for (const crop of expected.cropped) {
      const region = regionOf(crop);
      const small = await stored.decode(3, reductionFor(region));
      if (small.width < picture.width) reduced++;
      const { mean, largest } = differences(resampleRegion(small, reducedRegion(region, stored, small)), crop.bytes);
      expect(mean).toBeLessThan(4);
      expect(largest).toBeLessThanOrEqual(32);
    }
    expect(reduced).toBeGreaterThanOrEqual(3);
  });

  test("is decoded at the size that was asked for, turned as EXIF says", async () => {
    const turned = { width: stored.width, height: stored.height };
    expect(turned).toEqual({ width: 500, height: 375 });
    const { width, height, channels, bytes } = await stored.decode(3, 4);
    expect([width, height, channels, bytes.length]).toEqual([125, 94, 3, 125 * 94 * 3]);
  });
});
