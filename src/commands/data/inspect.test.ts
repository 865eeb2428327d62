import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inEveryFormat, jpeg, picture, writeFiles } from "../../data/node/image-folder.test.fixture.ts";
import { openDataSet } from "../../data/node/open-data-set.ts";
import { madeUpEnvironment } from "../environment.test.fixture.ts";
import type { CommandEvent } from "../events.ts";
import { type InspectOptions, inspect, spreadOf } from "./inspect.ts";

let folder = "";
let png = Buffer.alloc(0);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residual-inspect-"));
  const formats = await inEveryFormat();
  png = await sharp(picture(20, 30, 50), { raw: { width: 20, height: 30, channels: 3 } })
    .png()
    .toBuffer();
  const broken = Buffer.from(formats["b.png"]!).fill(0x55, 100, formats["b.png"]!.length - 40);
  await writeFiles(join(folder, "photos"), {
    ...Object.fromEntries(Object.entries(formats).map(([name, bytes]) => [`train/mixed/${name}`, bytes])),
    "train/others/png.png": png,
    "train/others/same.webp": await sharp(png).webp({ lossless: true }).toBuffer(),
    "train/others/again.png": png,
    "train/others/empty.jpg": "",
    "train/others/broken.png": broken,
    "test/mixed/known.jpg": formats["a.jpg"]!,
    "test/others/unknown.jpg": await jpeg(64, 16, 77),
    "test/others/conflict.jpg": formats["grey.jpeg"]!,
  });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const run = async (options: Partial<InspectOptions> = {}, given: { signal?: AbortSignal } = {}) => {
  const events: CommandEvent[] = [];
  const environment = { ...madeUpEnvironment(folder, undefined, events), openDataSet, ...given };
  return { document: await inspect({ data: join(folder, "photos"), sheet: false, ...options }, environment), events };
};

describe("inspect(options, environment)", () => {
  test("counts classes, sizes, formats and colours of every split", async () => {
    const { document, events } = await run();
    expect(document).toMatchObject({
      name: "photos",
      splits: [
        {
          split: "train",
          images: 14,
          classes: [
            { name: "mixed", images: 10 },
            { name: "others", images: 4 },
          ],
        },
        {
          split: "test",
          images: 3,
          classes: [
            { name: "mixed", images: 1 },
            { name: "others", images: 2 },
          ],
        },
      ],
      balance: { ratio: 2.5, isUnbalanced: false },
      // The picture that EXIF turns is 30×48.
      sizes: { width: { min: 20, max: 64 }, height: { min: 16, median: 30, max: 48 }, aspect: { min: 0.625, max: 4 } },
      formats: { jpeg: 8, png: 5, webp: 2, gif: 1 },
      turned: 1,
      decoded: true,
      contactSheet: null,
    });
    expect(document.modes).toMatchObject({ CMYK: 1, "RGB 16 bit": 1, "RGB with alpha": 1 });
    const told = events.filter(({ event }) => event === "inspecting");
    expect(told.at(-1)).toMatchObject({ images: 17, ofImages: 17, secondsLeft: 0 });
  });

  test("lists what can't be read, whether its header or its pixels are damaged", async () => {
    const { document } = await run();
    expect(document.broken).toEqual([
      { split: null, image: "train/others/empty.jpg", problem: "is empty: 0 bytes" },
      {
        split: "train",
        image: "train/others/broken.png",
        problem: expect.stringMatching(/^is damaged: it can't be decoded \(.+\)$/),
      },
    ]);
    const { document: quick } = await run({ decode: false });
    expect(quick.broken).toHaveLength(1);
    expect(quick.decoded).toBe(false);
  });

  test("finds equal images by contents and by pixels, and says what each group means", async () => {
    const { document } = await run();
    expect(document.duplicates).toEqual({
      withinClass: [
        {
          same: "pixels",
          images: ["again.png", "png.png", "same.webp"].map((name) => ({
            split: "train",
            class: "others",
            image: `train/others/${name}`,
          })),
        },
      ],
      acrossClasses: [
        {
          same: "bytes",
          images: [
            { split: "train", class: "mixed", image: "train/mixed/grey.jpeg" },
            { split: "test", class: "others", image: "test/others/conflict.jpg" },
          ],
        },
      ],
      betweenSplits: [
        {
          same: "bytes",
          images: [
            { split: "train", class: "mixed", image: "train/mixed/a.jpg" },
            { split: "test", class: "mixed", image: "test/mixed/known.jpg" },
          ],
        },
        expect.objectContaining({ same: "bytes" }),
      ],
    });
    const { document: quick } = await run({ decode: false });
    expect(quick.duplicates.withinClass[0]?.images).toHaveLength(2); // by bytes alone
  });

  test("measures how fast training images are prepared, and counts those that are decoded at a fraction", async () => {
    const { document } = await run();
    // The environment's clock ticks once a look, so that a thousand images take a second; the pictures are small.
    expect(document.preparation).toEqual({
      images: 13,
      size: [224, 224],
      imagesPerSecond: 1000,
      reducedImages: 0,
      wholeImagesPerSecond: 1000,
    });
    await writeFiles(join(folder, "large"), {
      "train/a/large.jpg": await jpeg(1600, 1600, 1),
      "train/b/large.jpg": await jpeg(1600, 1600, 2),
      "train/b/small.jpg": await jpeg(64, 64, 2),
      "test/a/other.jpg": await jpeg(64, 64, 3),
      "test/b/other.jpg": await jpeg(64, 64, 4),
    });
    const { document: large } = await run({ data: join(folder, "large") });
    expect(large.preparation).toMatchObject({ images: 3, reducedImages: 2 });
    const { document: quick } = await run({ data: join(folder, "large"), decode: false });
    expect(quick.preparation).toBeNull();
  });

  test("draws a contact sheet, in place of an older one", async () => {
    const file = join(folder, "photos-contact-sheet.png");
    await writeFile(file, "older");
    const { document } = await run({ sheet: "photos-contact-sheet.png" });
    expect(document.contactSheet).toBe(file);
    const { width, height, format } = await sharp(await readFile(file)).metadata();
    expect([format, width]).toEqual(["png", 2400]);
    expect(height).toBeGreaterThan(500); // two rows
    await expect(run({ sheet: "x.jpg" })).rejects.toThrow(
      '--sheet should name a file that ends in .png but is "x.jpg"',
    );
  });

  test("stops with the signal's reason", async () => {
    const controller = new AbortController();
    const work = run({}, { signal: controller.signal });
    controller.abort(new Error("Ctrl-C"));
    await expect(work).rejects.toThrow("Ctrl-C");
  });

  test("looks at images in memory as well, and says which are trained and tested on", async () => {
    const side = 4;
    const idx = (sizes: readonly number[], bytes: Uint8Array): Buffer => {
      const header = Buffer.alloc(4 + 4 * sizes.length);
      header.writeUInt32BE(0x800 + sizes.length);
      sizes.forEach((size, i) => {
        header.writeUInt32BE(size, 4 + 4 * i);
      });
      return Buffer.concat([header, bytes]);
    };
    const images = (count: number, first: number) =>
      Uint8Array.from({ length: count * side * side }, (_, i) => first + Math.floor(i / (side * side)));
    await mkdir(join(folder, "idx"));
    await writeFiles(join(folder, "idx"), {
      "train-images-idx3-ubyte": idx([6, side, side], images(6, 0)),
      "train-labels-idx1-ubyte": idx([6], Uint8Array.of(0, 1, 0, 1, 0, 1)),
      "t10k-images-idx3-ubyte": idx([2, side, side], images(2, 5)),
      "t10k-labels-idx1-ubyte": idx([2], Uint8Array.of(1, 0)),
    });
    const { document } = await run({ data: join(folder, "idx") });
    expect(document).toMatchObject({
      preparation: null,
      formats: { raw: 8 },
      modes: { grey: 8 },
      sizes: { width: { min: 4, max: 4 } },
    });
    expect(document.duplicates.betweenSplits.map((group) => group.images.map(({ image }) => image))).toEqual([
      ["image 5", "image 0"],
    ]);
  });
});

test("spreadOf(values) gives the lower of two middle values", () => {
  expect(spreadOf(Float64Array.of(4, 1, 3, 2))).toEqual({ min: 1, median: 2, max: 4 });
  expect(spreadOf(new Float64Array(0))).toBeNull();
});
