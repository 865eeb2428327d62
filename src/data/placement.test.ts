import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { randomStream } from "../base/philox.ts";
import { unaugmented } from "./augmentation.ts";
import { eraseRectangle, placeImage } from "./placement.ts";

/** Channel c adds 1000 · (c + 1), so that a pixel of a wrong channel shows. No pixel becomes 0: 0 is padding. */
const tables = [1, 2].map((c) => Float32Array.from({ length: 256 }, (_, value) => 1000 * c + value));
const normalisation = { tables, centres: null };

describe("placeImage(pixels, drawn, tables, out, outOffset)", () => {
  test("moves, mirrors and pads as its formula says", () => {
    const sizes = fc.record({ H: fc.integer({ min: 1, max: 6 }), W: fc.integer({ min: 1, max: 6 }) });
    fc.assert(
      fc.property(
        sizes,
        fc.integer({ min: -7, max: 7 }),
        fc.integer({ min: -7, max: 7 }),
        fc.boolean(),
        (size, shiftY, shiftX, flip) => {
          const { H, W } = size;
          const C = 2;
          const bytes = Uint8Array.from({ length: 3 + C * H * W }, (_, i) => (37 * i) % 256);
          const out = new Float32Array(5 + C * H * W + 5).fill(-1);
          placeImage(
            { bytes, offset: 3, shape: [C, H, W] },
            { shiftY, shiftX, flip, erased: null },
            normalisation,
            out,
            5,
          );
          for (let c = 0; c < C; c++) {
            for (let y = 0; y < H; y++) {
              for (let x = 0; x < W; x++) {
                const inputY = y + shiftY;
                const inputX = (flip ? W - 1 - x : x) + shiftX;
                const inside = inputY >= 0 && inputY < H && inputX >= 0 && inputX < W;
                const expected = inside ? tables[c]![bytes[3 + (c * H + inputY) * W + inputX]!] : 0;
                expect(out[5 + (c * H + y) * W + x]).toBe(expected);
              }
            }
          }
          expect([...out.subarray(0, 5), ...out.subarray(-5)]).toEqual(Array(10).fill(-1));
        },
      ),
    );
  });
});

describe("with the means of places", () => {
  const centres = Float32Array.from({ length: 2 * 3 * 4 }, (_, i) => i / 8);
  const centred = { tables, centres };
  const bytes = Uint8Array.from({ length: 24 }, (_, i) => 10 * i);
  const shape = [2, 3, 4] as const;

  test.each([false, true])("subtracts that of the pixel's own place, wherever it is moved (mirrored: %s)", (flip) => {
    const out = new Float32Array(24);
    placeImage({ bytes, offset: 0, shape }, { shiftY: 1, shiftX: -1, flip, erased: null }, centred, out, 0);
    for (let c = 0; c < 2; c++) {
      for (let y = 0; y < 3; y++) {
        for (let x = 0; x < 4; x++) {
          const [fromY, fromX] = [y + 1, (flip ? 3 - x : x) - 1];
          const from = (c * 3 + fromY) * 4 + fromX;
          const inside = fromY < 3 && fromX >= 0;
          expect(out[(c * 3 + y) * 4 + x]).toBe(inside ? tables[c]![bytes[from]!]! - centres[from]! : 0);
        }
      }
    }
  });

  test("erases with random bytes less the mean of the place", () => {
    const [plain, less] = [new Float32Array(24), new Float32Array(24)];
    const rectangle = { top: 1, left: 1, height: 2, width: 2 };
    eraseRectangle(rectangle, "random", shape, normalisation, randomStream(1, 3), plain, 0);
    eraseRectangle(rectangle, "random", shape, centred, randomStream(1, 3), less, 0);
    for (const i of [5, 6, 9, 10, 17, 18, 21, 22]) expect(less[i]).toBe(plain[i]! - centres[i]!);
  });
});

describe("eraseRectangle(rectangle, fill, shape, tables, stream, out, outOffset)", () => {
  const rectangle = { top: 1, left: 2, height: 2, width: 3 };
  const erase = (fill: "mean" | "random") => {
    const out = new Float32Array(2 * 4 * 6);
    placeImage({ bytes: new Uint8Array(48), offset: 0, shape: [2, 4, 6] }, unaugmented, normalisation, out, 0);
    eraseRectangle(rectangle, fill, [2, 4, 6], normalisation, randomStream(1, 3), out, 0);
    return out;
  };
  const changed = (out: Float32Array) => [...out.keys()].filter((i) => out[i] !== (i < 24 ? 1000 : 2000));
  const inside = [8, 9, 10, 14, 15, 16, 32, 33, 34, 38, 39, 40];

  test("puts the mean, 0, into the rectangle of every channel and nowhere else", () => {
    const out = erase("mean");
    expect(changed(out)).toEqual(inside);
    expect(inside.map((i) => out[i])).toEqual(Array(12).fill(0));
  });
  test("puts random bytes, normalised by channel, into the rectangle and nowhere else", () => {
    const out = erase("random");
    expect(inside).toEqual(expect.arrayContaining(changed(out)));
    const bytes = inside.map((i) => out[i]! - (i < 24 ? 1000 : 2000));
    expect(bytes.every((value) => Number.isInteger(value) && value >= 0 && value < 256)).toBe(true);
    expect(new Set(bytes).size).toBeGreaterThan(6);
  });
});
