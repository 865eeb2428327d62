import { expect, test } from "vitest";
import { randomPurposes, randomStream } from "../base/philox.ts";
import { padding } from "../graph/geometry.ts";
import { WindowCovariance } from "./window-covariance.ts";

const [n, C, H, W] = [3, 2, 5, 4] as const;
const { normal } = randomStream(9, randomPurposes.synthetic);
const images = Float32Array.from({ length: n * C * H * W }, () => 2 + normal());
const pixel = (image: number, c: number, y: number, x: number): number =>
  y < 0 || x < 0 || y >= H || x >= W ? 0 : (images[((image * C + c) * H + y) * W + x] ?? 0);

test("WindowCovariance gives the covariance of what a convolution's weights are multiplied by, padding included", () => {
  const covariance = new WindowCovariance([7, C, 3, 2], { stride: [2, 1], padding: padding(1), groups: 1 });
  covariance.add(images.subarray(0, C * H * W), [H, W]); // in two batches
  covariance.add(images.subarray(C * H * W), [H, W]);
  const windows: number[][] = [];
  for (let image = 0; image < n; image++) {
    for (let y = -1; y + 3 <= H + 1; y += 2) {
      for (let x = -1; x + 2 <= W + 1; x++) {
        const window: number[] = [];
        for (let c = 0; c < C; c++) {
          for (let u = 0; u < 3; u++) for (let v = 0; v < 2; v++) window.push(pixel(image, c, y + u, x + v));
        }
        windows.push(window);
      }
    }
  }
  const K = C * 3 * 2;
  const mean = (of: (window: readonly number[]) => number): number =>
    windows.reduce((sum, window) => sum + of(window), 0) / windows.length;
  const means = Array.from({ length: K }, (_, k) => mean((window) => window[k] ?? 0));
  const found = covariance.covariance();
  for (let i = 0; i < K; i++) {
    for (let j = 0; j < K; j++) {
      const expected = mean((window) => ((window[i] ?? 0) - (means[i] ?? 0)) * ((window[j] ?? 0) - (means[j] ?? 0)));
      expect(found[i * K + j]).toBeCloseTo(expected, 12);
    }
  }
});

test("WindowCovariance looks at windows of large images here and there, and sees what they are like", () => {
  const side = 60;
  const drawn = Float32Array.from({ length: 4 * side * side }, () => normal());
  const covariance = new WindowCovariance([1, 1, 1, 1], { stride: [1, 1], padding: padding(0), groups: 1 });
  covariance.add(drawn, [side, side]);
  // 400 of 14,400 elements: a variance that is 1 but for √(2 / 400) = 0.07, of which four.
  const [variance = 0] = covariance.covariance();
  expect(Math.abs(variance - 1)).toBeLessThan(0.28);
});
