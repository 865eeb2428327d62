// torchvision's spaces are held to torchvision's own in node/picture-operation-parity.test.ts.
import { expect, test } from "vitest";
import { makeOperation, timmSpace } from "./policy-spaces.ts";

const frame = { width: 200, height: 100, interpolation: "bicubic", fill: [124, 116, 104] } as const;

test("timmSpace has timm's increasing levels: of _LEVEL_DENOM 10, at A3's 6", () => {
  const magnitudes = Object.fromEntries(timmSpace.map((choice) => [choice.name, choice.magnitude(6, frame)]));
  // timm/data/auto_augment.py: posterize 4 − int(0.6 · 4), solarize 256 − int(0.6 · 256), solarize_add int(0.6 · 110), translate 0.45.
  const expected = {
    AutoContrast: 0,
    Equalize: 0,
    Invert: 0,
    Rotate: 18,
    Posterize: 2,
    Solarize: 103,
    SolarizeAdd: 66,
    Color: 0.54,
    Contrast: 0.54,
    Brightness: 0.54,
    Sharpness: 0.54,
    ShearX: 0.18,
    ShearY: 0.18,
    TranslateX: 54,
    TranslateY: 27,
  };
  expect(Object.keys(magnitudes)).toEqual(Object.keys(expected));
  for (const [name, value] of Object.entries(expected)) expect(magnitudes[name]).toBeCloseTo(value, 12);
  expect(timmSpace.map(({ signed }) => signed).filter(Boolean)).toHaveLength(9);
});

test("makeOperation(choice, magnitude, frame) calls an operation as the policies' authors do", () => {
  const made = Object.fromEntries(timmSpace.map((choice) => [choice.name, makeOperation(choice, -2, frame)]));
  expect(made.Color).toEqual({ kind: "saturation", factor: -1 });
  expect(made.Invert).toEqual({ kind: "invert" });
  const { interpolation, fill } = frame;
  expect(made.TranslateY).toEqual({ kind: "affine", matrix: [1, 0, -0, 0, 1, 2], interpolation, fill });
});
