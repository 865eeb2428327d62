import { describe, expect, test } from "vitest";
import { readFixture } from "./fixtures.ts";
import { fnv1a, sampleIndices, stateTensor, stepImages, stepLabels } from "./formula.ts";

const golden = readFixture("formula");

describe("the formula gives bit for bit what Python's gives:", () => {
  test("fnv1a(text)", () => {
    for (const [text, hash] of Object.entries(golden.fnv1a)) expect(fnv1a(text)).toBe(hash);
    expect(fnv1a("foobar")).toBe(0xbf9cf968); // published by the authors of FNV
  });

  test.each(Object.entries(golden.tensors))("%s", (name, { seed, shape, first, checksum }) => {
    const [n = 0, c = 0, h = 0, w = 0] = shape;
    const { data } = name.startsWith("images.") ? stepImages(seed, 3, [n, c, h, w]) : stateTensor(seed, name, shape);
    expect([...data.slice(0, 8)]).toEqual(first);
    const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
    expect(bits.reduce((sum, word) => (sum + word) >>> 0, 0)).toBe(checksum);
  });

  test("stepLabels(seed, step, batch, classes)", () => {
    expect([...stepLabels(7, 3, 12, 10).data]).toEqual(golden.labels);
  });

  test("sampleIndices(name, count, samples)", () => {
    expect(sampleIndices("layer1.0.conv1.weight", 64 * 64 * 9, 16)).toEqual(golden.sampleIndices);
    expect(sampleIndices("fc.bias", 3, 16)).toEqual([0, 1, 2]);
  });
});
