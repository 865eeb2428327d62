import { expect, test } from "vitest";
import { channelsFirst, channelsLast } from "./channel-layout.ts";
import { ShapeError } from "./errors.ts";
import { tensor } from "./tensor.ts";

/** Two images of 2 × 3 pixels and 2 channels; each number says image, row, column and channel. */
const last = tensor(
  "f32",
  [2, 2, 3, 2],
  Float32Array.from({ length: 24 }, (_, i) => {
    const [n, h, w, c] = [Math.floor(i / 12), Math.floor(i / 6) % 2, Math.floor(i / 2) % 3, i % 2];
    return 1000 * n + 100 * h + 10 * w + c;
  }),
);

test("channelsFirst(images) puts all pixels of a channel together", () => {
  const first = channelsFirst(last);
  expect(first.shape).toEqual([2, 2, 2, 3]);
  expect([...first.data.subarray(0, 12)]).toEqual([0, 10, 20, 100, 110, 120, 1, 11, 21, 101, 111, 121]);
  expect(first.data[12]).toBe(1000);
});

test("channelsLast(images) is the way back, and leaves what it is given alone", () => {
  const before = [...last.data];
  expect(channelsLast(channelsFirst(last))).toEqual(last);
  expect([...last.data]).toEqual(before);
});

test("neither takes anything but images", () => {
  const vector = tensor("i32", [3], Int32Array.of(1, 2, 3));
  expect(() => channelsFirst(vector)).toThrow(ShapeError);
  expect(() => channelsFirst(vector)).toThrow("[images, height, width, channels]");
  expect(() => channelsLast(vector)).toThrow("[images, channels, height, width]");
});
