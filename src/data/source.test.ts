import { describe, expect, test } from "vitest";
import { readMemory } from "./reader.ts";
import { type ImageSource, memorySource, pixelShapeOf, selectImages, sourceBytes } from "./source.ts";

const source = memorySource([1, 1, 2], Uint8Array.of(1, 2, 3, 4, 5, 6), [7, 8, 9]);

describe("memorySource(shape, pixels, labels)", () => {
  test("keeps pixels that lie in shared memory where they are", () => {
    expect(memorySource([1, 1, 2], source.pixels, source.labels).pixels).toBe(source.pixels);
  });
  test("takes pixels with their channels last", () => {
    const pixels = Uint8Array.of(1, 4, 2, 5, 3, 6, 11, 14, 12, 15, 13, 16);
    const first = memorySource([2, 1, 3], pixels, [0, 1], "channels-last");
    expect(first.shape).toEqual([2, 1, 3]);
    expect([...first.pixels]).toEqual([1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16]);
  });
  test("refuses pixels that are too few for the labels", () => {
    expect(() => memorySource([1, 2, 2], new Uint8Array(7), [0, 1])).toThrow(
      "2 labels of images [1, 2, 2] go with 8 bytes of pixels but there are 7",
    );
  });
  test("refuses to hold no image", () => {
    expect(() => memorySource([1, 2, 2], new Uint8Array(0), [])).toThrow(
      "a source of images needs at least one: 0 images of [1, 2, 2]",
    );
  });
  test("says its shape and its bytes", () => {
    expect(pixelShapeOf(source)).toEqual([1, 1, 2]);
    expect(sourceBytes(source)).toBe(6 + 3 * 4);
  });
});

describe("selectImages(source, indices)", () => {
  test("takes images and labels in the order asked for", () => {
    const selected = selectImages(source, [2, 0]);
    expect([...selected.pixels]).toEqual([5, 6, 1, 2]);
    expect([...selected.labels]).toEqual([9, 7]);
  });
});

describe("sources of pictures in larger files", () => {
  const labels = Int32Array.of(0, 1, 2);
  const fileOf = Int32Array.of(0, 0, 1);
  const files = ["a", "b"];
  test("are selected from like any other, and say what they take", () => {
    const spans: ImageSource<"spans"> = {
      kind: "spans",
      folder: "/f",
      files,
      fileOf,
      labels,
      offsets: Float64Array.of(512, 2048, 2 ** 40),
      lengths: Int32Array.of(10, 20, 30),
      names: ["x", "y", "z"],
    };
    const parts = { fileOf: Int32Array.of(1, 0), labels: Int32Array.of(2, 0) };
    const offsets = Float64Array.of(2 ** 40, 512);
    const selected = { ...spans, ...parts, offsets, lengths: Int32Array.of(30, 10), names: ["z", "x"] };
    expect(selectImages(spans, [2, 0])).toEqual(selected);
    expect(sourceBytes(spans)).toBe(3 * (4 + 4 + 8 + 4) + 6);
    const rows = Int32Array.of(5, 6, 0);
    const parquet: ImageSource<"parquet"> = {
      kind: "parquet",
      folder: "/f",
      files,
      column: "image",
      fileOf,
      rows,
      labels,
    };
    expect(selectImages(parquet, [2, 0])).toEqual({ ...parquet, ...parts, rows: Int32Array.of(0, 5) });
    expect([sourceBytes(parquet), pixelShapeOf(parquet), pixelShapeOf(spans)]).toEqual([36, null, null]);
  });
});

describe("readMemory(source)", () => {
  test("points at an image's pixels", () => {
    expect(readMemory(source).pixels(2)).toEqual({ bytes: source.pixels, offset: 4, shape: [1, 1, 2] });
  });
  test.each([-1, 3, Number.NaN])("refuses image %d", (image) => {
    expect(() => readMemory(source).pixels(image)).toThrow(`image ${image} of a source of 3`);
  });
  test("refuses a source that contradicts itself", () => {
    expect(() => readMemory({ ...source, shape: [1, 2, 2] })).toThrow(
      "source in memory: 3 images [1, 2, 2] take 12 bytes but there are 6",
    );
  });
});
