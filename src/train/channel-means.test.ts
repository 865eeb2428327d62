import { expect, test } from "vitest";
import { ChannelMeans } from "./channel-means.ts";

test("ChannelMeans gives the mean of each channel, over images and batches", () => {
  const means = new ChannelMeans(2);
  means.add(Float32Array.of(1, 2, -5, 3, 3, 0, 1, 1), 2); // two images of two channels of two pixels
  means.add(Float32Array.of(-4, 0, 1, 1), 2);
  expect(means.means()).toEqual(Float64Array.of(2 / 6, 2 / 6));
});
