import { describe, expect, test } from "vitest";
import { type Augmentation, noAugmentation } from "./augmentation.ts";
import { createPictureTransform } from "./picture-transforms.ts";
import { createPrepare } from "./prepare.ts";
import { prepareImage } from "./prepare-image.ts";
import type { Preprocessing } from "./preprocessing.ts";
import { readMemory } from "./reader.ts";
import { memorySource } from "./source.ts";

const [images, area] = [2, 6 * 8];
const bytes = Uint8Array.from({ length: images * 3 * area }, (_, i) => (37 * i + ((i * i) % 11) * 13) % 256);
const source = memorySource([3, 6, 8], bytes, [1, 0]);
const preprocessing: Preprocessing = {
  size: [3, 4],
  channels: 3,
  mean: [0.1, 0.2, 0.3],
  deviation: [1, 0.5, 0.25],
  channelOrder: "BGR",
  fit: { kind: "crop", shorterSide: 4, interpolation: "bilinear" },
};

describe("createPrepare(reader, preparation)", () => {
  test("turns colours around and crops, as for pictures from files", async () => {
    const prepare = createPrepare(readMemory(source), {
      preprocessing,
      augmentation: null,
      seed: 0,
      broken: "leave out",
    });
    const arrays = { images: new Float32Array(3 * 36).fill(7), labels: new Int32Array(3) };
    await prepare(Int32Array.of(1, 0), 0, arrays);
    const expected = [1, 0].map((image) => {
      const samples = Uint8Array.from(
        { length: 3 * area },
        (_, i) => bytes[image * 3 * area + (i % 3) * area + Math.floor(i / 3)] ?? 0,
      );
      return [...prepareImage({ width: 8, height: 6, channels: 3, bytes: samples }, preprocessing)];
    });
    expect([...arrays.images]).toEqual([...expected.flat(), ...new Array<number>(36).fill(0)]);
    expect([...arrays.labels]).toEqual([0, 1, 0]);
  });

  test("transforms images in memory before they are padded, and leaves the source as it is", async () => {
    const colour = { brightness: 0.9, contrast: 0.9, saturation: 0.9, hue: 0.5 };
    const plain: Preprocessing = { size: [6, 8], channels: 3, mean: [0, 0, 0], deviation: [1 / 255, 1 / 255, 1 / 255] };
    const before = bytes.slice();
    const prepared = async (augmentation: Augmentation | null) => {
      const prepare = createPrepare(readMemory(source), {
        preprocessing: plain,
        augmentation,
        seed: 3,
        broken: "replace",
      });
      const arrays = { images: new Float32Array(2 * 3 * area), labels: new Int32Array(2) };
      await prepare(Int32Array.of(0, 1), 5, arrays);
      return arrays.images;
    };
    const transform = createPictureTransform({ ...noAugmentation, colour }, plain, 3);
    const expected = [0, 1].flatMap((image) => {
      const at = image * 3 * area;
      const samples = Uint8Array.from({ length: 3 * area }, (_, i) => bytes[at + (i % 3) * area + Math.floor(i / 3)]!);
      const { bytes: changed } = transform({ width: 8, height: 6, channels: 3, bytes: samples }, 5, image);
      return Array.from({ length: 3 * area }, (_, i) => changed[(i % area) * 3 + Math.floor(i / area)]!);
    });
    // bytes, but for the rounding of v / 255 · 255 to f32
    expect([...(await prepared({ ...noAugmentation, colour }))].map(Math.round)).toEqual(expected);
    expect(await prepared(noAugmentation)).toEqual(await prepared(null));
    expect(bytes).toEqual(before);
  });
});
