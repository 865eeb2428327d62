import { describe, expect, test } from "vitest";
import { cifar10Rows, cifar100Rows, cifarSource } from "./cifar.ts";

const row = (labels: readonly number[], value: number): Uint8Array =>
  Uint8Array.of(...labels, ...new Uint8Array(3072).fill(value));
const named = (file: string, ...rows: Uint8Array[]) => ({ file, bytes: new Uint8Array(Buffer.concat(rows)) });

describe("cifarSource(files, rows, classes)", () => {
  test("reads the rows of all files in order, red, green and blue as they lie", () => {
    const second = row([9], 3);
    second[1] = 200; // red of the upper left corner
    second[3072] = 100; // blue of the lower right one
    const source = cifarSource([named("a", row([3], 1), row([0], 2)), named("b", second)], cifar10Rows, 10);
    expect([...source.labels]).toEqual([3, 0, 9]);
    expect(source.shape).toEqual([3, 32, 32]);
    const pixels = source.pixels.subarray(2 * 3072);
    expect([pixels[0], pixels[1], pixels[3071]]).toEqual([200, 3, 100]);
    expect(source.pixels.buffer).toBeInstanceOf(SharedArrayBuffer);
  });
  test("takes the fine or the coarse label of CIFAR-100", () => {
    const file = named("train.bin", row([4, 55], 0), row([19, 99], 0));
    expect([...cifarSource([file], cifar100Rows.fine, 100).labels]).toEqual([55, 99]);
    expect([...cifarSource([file], cifar100Rows.coarse, 20).labels]).toEqual([4, 19]);
  });
  test("refuses files of no whole rows, and labels that no class has", () => {
    expect(() => cifarSource([{ file: "a.bin", bytes: new Uint8Array(3074) }], cifar10Rows, 10)).toThrow(
      "a.bin: has 3074 bytes, which is not a number of whole images of 3073 bytes; is it whole?",
    );
    expect(() => cifarSource([{ file: "a.bin", bytes: new Uint8Array(0) }], cifar10Rows, 10)).toThrow("has 0 bytes");
    expect(() => cifarSource([named("a.bin", row([1], 0), row([10], 0))], cifar10Rows, 10)).toThrow(
      "a.bin: label 10 of image 1 is not below 10 (at byte 3073)",
    );
  });
});
