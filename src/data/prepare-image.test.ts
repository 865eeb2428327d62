import { describe, expect, test } from "vitest";
import { UsageError } from "../base/errors.ts";
import { prepareImage } from "./prepare-image.ts";
import type { Preprocessing } from "./preprocessing.ts";
import { type Picture, resample } from "./resample.ts";

/** What Pillow was asked as well: 7 × 5 pixels, sample i is (37·i + (i·i mod 11)·13) mod 256. */
const picture: Picture = {
  width: 7,
  height: 5,
  channels: 3,
  bytes: Uint8Array.from({ length: 105 }, (_, i) => (37 * i + ((i * i) % 11) * 13) % 256),
};
const preprocessing: Preprocessing = {
  size: [2, 3],
  channels: 3,
  mean: [0, 0, 0],
  deviation: [1 / 255, 1 / 255, 1 / 255],
};

describe("resample(picture, width, height, interpolation)", () => {
  test("leaves a picture of that size as it is", () => {
    expect(resample(picture, 7, 5, "lanczos").bytes).toBe(picture.bytes);
  });
  test.each([
    ["bilinear", 3, 2, "5e5a668a8f84af826c75936c73987179714d"],
    [
      "bilinear",
      9,
      8,
      "00327e989fbf8195c221519c817f97b92d81954b8d916170db34180a30718b657a7562842b508fa194a1bf7e70a38084a0657ed42138192f607a242466283639507fc8b4b0c7e85ab4c579b27290cb185f373d5d777c3d657047445f7eade2ceccf052a7d97e9dbd95d0ad445d53637da7406d9447576c729beca49ab8407eb95d8fbd6edeab328b71718ba42d7c933672775d90d1323241253a64188a7219f41027789e8d8cb08977a1835e908594c49f4a4847445f5563665d88152b65bea28cbad271acc14ca3a698bdfc64566352618a46629833242f",
    ],
    ["bicubic", 3, 2, "5854668a9186b8856c78986f6e987178714b"],
    [
      "bicubic",
      9,
      8,
      "002a7baeb6d190a8d60847997c7c95c413818e4397866872e1340c032b719d6a7f7f6289134791a08e9dc7746d9f7f8a9b6181d71233113063861b16671826264985cbb3b0cdf94eb2d47ab26a98cc0a5f30365c7d8637636f3a334d80afeadee4ff42abea8795c6add1c7405d4a6281bd3a6b9e3c50597398f3a8a6bf3277be5f89cd78eac72a8f6d758dab1f7b932c736e648fd028232a2325630f8f7c0fff092878a29193b58f77a18658908694c29f3e313e3859546269628407285fc4a296bde670accc3da6a299bcff684f545361954167b0232228",
    ],
    ["lanczos", 3, 2, "544e638b9485be896a79976f6d9d7179744b"],
    [
      "lanczos",
      9,
      8,
      "012477b2c1d79cb7e4004194787c96d00c7d863aa281736ee73a06002a72a3677e86608a0a4593a18a98cd6d6a96808c9c587ddb02310b30678b1c156510171e4990cdb5b3d9ff4aafe777b261a0cc0e5e27325d8185395f672828488db4eeeef9ff3fb1f78a92c5c1cbd23e603f6285ce396ba5314f527993f69eacba2e67b2578dd773f9d3229068788fb21a768e257970698fd2252828210e610c9b840dff0d2978a59297b5927398835b978b94be9a3b253c28535067676182002557c49e99c0f36da7ca37aba899bdff74545358649a3d6dc01b2821",
    ],
  ] as const)("agrees with Pillow 9.4.0, bit for bit: %s to %i × %i", (filter, width, height, expected) => {
    expect(Buffer.from(resample(picture, width, height, filter).bytes).toString("hex")).toBe(expected);
  });
});

describe("prepareImage(picture, preprocessing)", () => {
  test("resizes the shorter side, crops the middle, and gives bytes their scale back", () => {
    const fit = { kind: "crop", shorterSide: 4, interpolation: "bilinear" } as const;
    // 7 × 5 becomes 5 × 4 (⌊4 · 7 / 5⌋ = 5); the middle 3 × 2 starts at row 1, column 1.
    const resized = resample(picture, 5, 4, "bilinear").bytes;
    const expected = [0, 1, 2].flatMap((c) =>
      [1, 2].flatMap((y) => [1, 2, 3].map((x) => resized[(y * 5 + x) * 3 + c] ?? 0)),
    );
    const prepared = prepareImage(picture, { ...preprocessing, fit });
    expect([...prepared].map(Math.round)).toEqual(expected);
  });

  test("turns colours around for BGR, with means in the network's order", () => {
    const fit = { kind: "stretch", interpolation: "bilinear" } as const;
    const rgb = prepareImage(picture, { ...preprocessing, fit });
    const bgr = prepareImage(picture, { ...preprocessing, fit, channelOrder: "BGR", mean: [10 / 255, 0, 0] });
    expect([...bgr].map(Math.round)).toEqual(
      [...rgb.subarray(12).map((v) => v - 10), ...rgb.subarray(6, 12), ...rgb.subarray(0, 6)].map(Math.round),
    );
  });

  test("stretches with Lanczos where the preprocessing doesn't say", () => {
    const fit = { kind: "stretch", interpolation: "lanczos" } as const;
    expect(prepareImage(picture, preprocessing)).toEqual(prepareImage(picture, { ...preprocessing, fit }));
  });

  test("refuses a crop from less than it takes, and other channels", () => {
    const fit = { kind: "crop", shorterSide: 1, interpolation: "bilinear" } as const;
    expect(() => prepareImage(picture, { ...preprocessing, fit })).toThrow(
      new UsageError("preprocessing: 2×3 pixels can't be cropped from 1×1; raise shorterSide 1"),
    );
    expect(() => prepareImage({ ...picture, channels: 1 }, preprocessing)).toThrow(
      new UsageError("a picture has 1 channels but the network takes 3"),
    );
  });
});
