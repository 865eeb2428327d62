import { describe, expect, test } from "vitest";
import { augmentation } from "./parse-augmentation.ts";

const parsed = (json: unknown) => augmentation(json, "r.json: augmentation");

describe("augmentation(json, path)", () => {
  test("fills in what isn't given", () => {
    const movement = { interpolation: "bilinear", fill: "black" };
    expect(parsed({ policy: { kind: "trivial-augment" } }).policy).toEqual({ kind: "trivial-augment", ...movement });
    expect(parsed({ policy: { kind: "rand-augment" } }).policy).toEqual({
      kind: "rand-augment",
      operations: 2,
      magnitude: 9,
      ...movement,
    });
    expect(parsed({ policy: { kind: "rand-augment-timm", magnitude: 6 } }).policy).toEqual({
      kind: "rand-augment-timm",
      operations: 2,
      magnitude: 6,
      deviation: 0.5,
      probability: 0.5,
      interpolation: "bilinear",
      fill: "mean",
    });
    expect(parsed({ colour: { contrast: 0.2 } }).colour).toEqual({
      brightness: 0,
      contrast: 0.2,
      saturation: 0,
      hue: 0,
    });
    expect(parsed({ lighting: {} }).lighting).toEqual({ deviation: 0.1 });
    expect(parsed({ erase: {} }).erase?.aspectDraw).toBe("uniform");
    expect(parsed({})).toEqual({
      crop: null,
      policy: null,
      colour: null,
      lighting: null,
      pad: 0,
      flip: false,
      erase: null,
    });
  });

  test.each([
    [
      { policy: { kind: "trivialaugment" } },
      'r.json: augmentation.policy.kind should be "trivial-augment" or "rand-augment" or "rand-augment-timm" but is "trivialaugment"; did you mean "trivial-augment"?',
    ],
    [
      { policy: { kind: "rand-augment-timm" } },
      "r.json: augmentation.policy.magnitude should be a number of at least 0 and at most 10 (Wightman et al.: 6 and 7) but is missing",
    ],
    [
      { colour: { hue: -0.1 } },
      "r.json: augmentation.colour.hue should be a number of at least 0, at most 0.5 but is -0.1",
    ],
    [
      { lighting: { deviation: 0 } },
      "r.json: augmentation.lighting.deviation should be a number above 0 (Krizhevsky et al.: 0.1) but is 0",
    ],
    [
      { colour: { color: 1 } },
      'r.json: augmentation.colour: colour jitter has no field "color"; it has brightness, contrast, saturation, hue',
    ],
  ])("refuses %j", (json, message) => {
    expect(() => parsed(json)).toThrow(message);
  });
});
