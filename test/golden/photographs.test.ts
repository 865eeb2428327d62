// Every transform on photographs in natural colours, from the JPEG file to the numbers that a network is fed, against Pillow 9.4 and
// torchvision 0.14: fixtures/photographs. tools/goldens/photograph_files.py made the files, this test draws.golden.json (`--update`
// makes it anew), and photographs.py of that transforms.golden.json. Tolerance: none, numbers are compared bit for bit, but mixup's.
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { tensor } from "../../src/base/tensor.ts";
import { openPicture } from "../../src/data/node/decode-picture.ts";
import { openReader } from "../../src/data/node/readers.ts";
import { fittedRegion, reducedRegion, reductionFor } from "../../src/data/picture-region.ts";
import { pixelMean } from "../../src/data/pixel-mean.ts";
import { createPrepare, type Preparation } from "../../src/data/prepare.ts";
import { cutImage } from "../../src/data/prepare-image.ts";
import { readMemory } from "../../src/data/reader.ts";
import { resampleRegion } from "../../src/data/resample.ts";
import { filesSource, memorySource } from "../../src/data/source.ts";
import { mixBatch } from "../../src/train/mix-batch.ts";
import { cases, drawsOf, epochs, evaluated, mixings, photographs, seed, size } from "./photograph-cases.ts";

const folder = fileURLToPath(new URL("../../../fixtures/photographs/", import.meta.url)); // from dist/test/golden
const [N, channels, [height, width]] = [photographs.length, 3, size];
const elements = channels * height * width;
const labels = Int32Array.from(photographs.keys());

const recorded = z.object({ first: z.array(z.number()), sha256: z.string() });
const golden = z.object({
  decoded: z.record(z.string(), z.object({ width: z.number(), height: z.number(), sha256: z.string() })),
  /** By case, epoch and photograph. */
  prepared: z.record(z.string(), z.array(z.array(recorded))),
  pixelMean: z.object({ first: z.array(z.number()), prepared: z.array(recorded) }),
  mixup: z.object({ stride: z.number(), values: z.array(z.number()) }),
  cutmix: z.array(recorded),
});
const listed = z.object({
  photographs: z.array(
    z.object({
      file: z.string(),
      shows: z.string().min(1),
      author: z.string().min(1),
      licence: z.string().regex(/^(?:CC0 1\.0 \(https:.*\)|public domain)$/),
      source: z.string().min(1),
      sha256: z.string(),
    }),
  ),
});
const parsed = async <T>(schema: z.ZodType<T>, name: string): Promise<T> =>
  schema.parse(JSON.parse(await readFile(`${folder}${name}`, "utf8")));

const expected = await parsed(golden, "transforms.golden.json");
const opened = await Promise.all(
  photographs.map(async (file) => openPicture(file, await readFile(`${folder}${file}`))),
);

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
/** The first numbers, to read a failure by, and the hash of all. */
const seen = (values: Float32Array) => ({
  first: [...values.subarray(0, 4)],
  sha256: sha256(new Uint8Array(values.buffer, values.byteOffset, values.byteLength)),
});
const seenImages = (images: Float32Array) =>
  photographs.map((_, image) => seen(images.subarray(image * elements, (image + 1) * elements)));

/** All photographs as the batch [N, C, H, W] that a network is fed. */
const prepared = async (how: Pick<Preparation, "preprocessing" | "augmentation">, epoch = 0): Promise<Float32Array> => {
  const images = new Float32Array(N * elements);
  const prepare = createPrepare(openReader(filesSource(folder, photographs, [...labels])), {
    ...how,
    seed,
    broken: "leave out",
  });
  const { broken } = await prepare(labels, epoch, { images, labels: new Int32Array(N) });
  expect(broken).toEqual([]);
  return images;
};

/** The batch of evaluation as it is mixed in step 0 of epoch 0. */
const mixed = async (name: keyof typeof mixings) => {
  const before = await prepared(evaluated);
  const images = tensor("f32", [N, channels, height, width], before.slice());
  const batch = {
    ...{ images, labels: tensor("i32", [N], labels.slice()), count: N, indices: labels },
    ...{ broken: [], epoch: 0, step: 0, release: () => {} },
  };
  const { partners, share } = mixBatch(batch, mixings[name], seed);
  expect([...partners.data]).toEqual([3, 2, 1, 0]);
  return { before, after: images.data, share: share.data[0] ?? 0 };
};

/** The smallest box in which two images [C, H, W] differ. */
const boxOf = (a: Float32Array, b: Float32Array) => {
  const [rows, columns] = [new Set<number>(), new Set<number>()];
  for (let i = 0; i < elements; i++) {
    if (a[i] === b[i]) continue;
    rows.add(Math.floor(i / width) % height);
    columns.add(i % width);
  }
  const [top, left] = [Math.min(...rows), Math.min(...columns)];
  return { top, left, height: Math.max(...rows) - top + 1, width: Math.max(...columns) - left + 1 };
};

test("the photographs are those that are listed with author and licence, in 60 kB at most", async () => {
  const { photographs: files } = await parsed(listed, "photographs.golden.json");
  expect(files.map(({ file }) => file)).toEqual(photographs);
  for (const { file, sha256: hash } of files) expect(sha256(await readFile(`${folder}${file}`)), file).toBe(hash);
  const sizes = await Promise.all(photographs.map((file) => stat(`${folder}${file}`)));
  expect(sizes.reduce((sum, { size: bytes }) => sum + bytes, 0)).toBeLessThan(60_000);
});

test("photographs are decoded and turned as EXIF says to Pillow's bytes", async () => {
  const decoded = await Promise.all(opened.map((picture) => picture.decode(3)));
  const answers = decoded.map(({ width: w, height: h, bytes }, i) => [
    photographs[i],
    { width: w, height: h, sha256: sha256(bytes) },
  ]);
  expect(Object.fromEntries(answers)).toEqual(expected.decoded);
  expect(opened.map(({ facts }) => facts.isTurned)).toEqual([false, true, false, true]);
});

// libjpeg keeps low frequencies where the filter would have averaged (picture-parity.test.ts); whole they are Pillow's, see above.
test("photographs decoded at a fraction of their size for a small crop are within 4 of 255 on average and 48 at most", async () => {
  const preprocessing = {
    ...evaluated.preprocessing,
    size: [24, 24],
    fit: { kind: "stretch", interpolation: "bilinear" },
  } as const;
  const reductions = opened.map((picture) => reductionFor(fittedRegion(picture, preprocessing)));
  expect(reductions.filter((reduction) => reduction >= 3)).toHaveLength(3);
  for (const [i, picture] of opened.entries()) {
    const region = fittedRegion(picture, preprocessing);
    const [whole, small] = [await picture.decode(3), await picture.decode(3, reductions[i] ?? 1)];
    const expectedBytes = resampleRegion(whole, region).bytes;
    const { bytes } = resampleRegion(small, reducedRegion(region, picture, small));
    const differences = Array.from(bytes, (value, j) => Math.abs(value - expectedBytes[j]!));
    expect(differences.reduce((sum, each) => sum + each, 0) / bytes.length).toBeLessThan(4);
    expect(Math.max(...differences)).toBeLessThanOrEqual(48);
  }
});

describe("createPrepare(reader, preparation) draws and computes", () => {
  test("what draws.golden.json says, which Pillow and torchvision were given", async () => {
    const drawn = Object.entries(cases).map(([name, each]) => [
      name,
      epochs.map((epoch) => opened.map((picture, image) => drawsOf(each, picture, epoch, image))),
    ]);
    const { before, after, share } = await mixed("cutmix");
    const box = boxOf(before.subarray(0, elements), after.subarray(0, elements));
    expect(share).toBe(Math.fround(1 - (box.height * box.width) / (height * width)));
    const draws = { cases: Object.fromEntries(drawn), mixup: (await mixed("mixup")).share, cutmix: box };
    const text = JSON.stringify(draws).replaceAll(/("[^"]+":\[\[)/g, "\n $1");
    await expect(`${text}\n`).toMatchFileSnapshot(`${folder}draws.golden.json`);
  });

  test.each(Object.entries(cases))("%s: bit for bit", async (name, each) => {
    for (const epoch of epochs) {
      expect({ epoch, images: seenImages(await prepared(each, epoch)) }).toEqual({
        epoch,
        images: expected.prepared[name]?.[epoch],
      });
    }
  });

  test("every photograph whole: no crop of the cases lets the decoder reduce it", () => {
    for (const each of Object.values(cases)) {
      for (const epoch of epochs) {
        for (const [image, picture] of opened.entries()) {
          expect(reductionFor(drawsOf(each, picture, epoch, image).region)).toBeLessThan(3);
        }
      }
    }
  });

  test("the mean of each pixel: bit for bit", async () => {
    const { preprocessing } = evaluated;
    const crops = await Promise.all(
      opened.map(async (picture) =>
        cutImage(await picture.decode(3), fittedRegion(picture, preprocessing), preprocessing),
      ),
    );
    const pixels = new Uint8Array(N * elements);
    for (const [image, { bytes }] of crops.entries()) pixels.set(bytes, image * elements);
    const mean = pixelMean(readMemory(memorySource([channels, height, width], pixels, labels)));
    expect(mean.slice(0, expected.pixelMean.first.length)).toEqual(expected.pixelMean.first);
    const images = await prepared({ preprocessing: { ...preprocessing, pixelMean: mean }, augmentation: null });
    expect(seenImages(images)).toEqual(expected.pixelMean.prepared);
  });
});

describe("mixBatch(batch, mixing, seed)", () => {
  test("mixes photographs by cutmix, bit for bit", async () => {
    expect(seenImages((await mixed("cutmix")).after)).toEqual(expected.cutmix);
  });

  // The share λ was given to numpy as f32, of which it may be off by 2⁻²⁵; so λx + (1 − λ)y is off by 2⁻²⁵·|x − y|, and by half a unit
  // of the last place of f32. Normalised pixels lie within −2.2 … 2.7, so that both are below (4.9 / 2 + 2.7)·2⁻²⁴.
  test("mixes photographs by mixup, to the rounding of f32", async () => {
    const { stride, values } = expected.mixup;
    const { after } = await mixed("mixup");
    expect(values).toHaveLength(Math.ceil(after.length / stride));
    for (const [i, value] of values.entries()) {
      expect(Math.abs(after[i * stride]! - value)).toBeLessThan(5.2 * 2 ** -24);
    }
  });
});
