// Against Pillow 9.4 and torchvision 0.14 on parts of a JPEG file: fixtures/pictures/transforms.golden.json, made by
// tools/goldens/transforms.py. Tolerance: none for pictures, bit for bit; rounding to f32 for lighting.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { rotation, shearX, shearY, translation } from "../affine.ts";
import { lightingShift } from "../lighting.ts";
import { type AffineMatrix, applyOperation, type PictureOperation } from "../picture-operation.ts";
import { bins, randAugmentSpace, trivialWideSpace } from "../policy-spaces.ts";
import { normalisationOf } from "../preprocessing.ts";
import type { Picture } from "../resample.ts";

const path = fileURLToPath(new URL("../../../../fixtures/pictures/transforms.golden.json", import.meta.url)); // from dist/src/data/node
const factor = z.number();
const operation = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("brightness"), factor }),
  z.object({ kind: z.literal("contrast"), factor }),
  z.object({ kind: z.literal("saturation"), factor }),
  z.object({ kind: z.literal("sharpness"), factor }),
  z.object({ kind: z.literal("hue"), turn: z.number() }),
  z.object({ kind: z.literal("posterize"), bits: z.number() }),
  z.object({ kind: z.literal("solarize"), threshold: z.number() }),
  z.object({ kind: z.literal("solarize-add"), amount: z.number() }),
  z.object({ kind: z.literal("autocontrast") }),
  z.object({ kind: z.literal("equalize") }),
  z.object({ kind: z.literal("invert") }),
]);
const recorded = { picture: z.string(), sha256: z.string(), first: z.string() };
const golden = z.object({
  pictures: z.record(
    z.string(),
    z.object({ width: z.number(), height: z.number(), channels: z.number(), bytes: z.string() }),
  ),
  jittered: z.array(z.object({ ...recorded, operations: z.array(operation) })),
  lighting: z.array(
    z.object({
      multiples: z.tuple([z.number(), z.number(), z.number()]),
      shift: z.array(z.number()),
      normalised: z.array(z.array(z.number())),
    }),
  ),
  spaces: z.record(
    z.string(),
    z.record(z.string(), z.object({ signed: z.boolean(), magnitudes: z.array(z.number()) })),
  ),
  simple: z.array(z.object({ ...recorded, operation })),
  moved: z.array(
    z.object({
      ...recorded,
      policy: z.enum(["ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate"]),
      magnitude: z.number(),
      interpolation: z.enum(["nearest", "bilinear", "bicubic"]),
      fill: z.enum(["black", "colour"]),
    }),
  ),
});

let expected: z.infer<typeof golden> = { pictures: {}, jittered: [], lighting: [], spaces: {}, simple: [], moved: [] };
beforeAll(async () => {
  expected = golden.parse(JSON.parse(await readFile(path, "utf8")));
});

const pictureOf = (name: string): Picture => {
  const stored = expected.pictures[name];
  if (stored === undefined) throw new Error(`no picture ${name}`);
  return { ...stored, bytes: new Uint8Array(Buffer.from(stored.bytes, "hex")) };
};

/** The first bytes, to read a failure by, and the hash of all. */
const seen = ({ bytes }: Picture) => ({
  first: Buffer.from(bytes.subarray(0, 24)).toString("hex"),
  sha256: createHash("sha256").update(bytes).digest("hex"),
});

type Moved = z.infer<typeof golden>["moved"][number];
const matrices: { readonly [P in Moved["policy"]]: (magnitude: number, picture: Picture) => AffineMatrix } = {
  ShearX: (slope) => shearX(slope),
  ShearY: (slope) => shearY(slope),
  TranslateX: (pixels) => translation(Math.trunc(pixels), 0),
  TranslateY: (pixels) => translation(0, Math.trunc(pixels)),
  Rotate: (degrees, { width, height }) => rotation(degrees, width, height),
};

describe("applyOperation(picture, operation)", () => {
  test("is torchvision's functional transform of colour, grey, dark and flat pictures, bit for bit", () => {
    expect(expected.simple.length).toBeGreaterThan(200);
    for (const { picture, operation: done, first, sha256 } of expected.simple) {
      const result = applyOperation(pictureOf(picture), done);
      expect({ picture, done, ...seen(result) }).toEqual({ picture, done, first, sha256 });
    }
  });

  test("turns, shears and moves as torchvision's policies do, by every interpolation, bit for bit", () => {
    expect(expected.moved.length).toBeGreaterThan(180);
    for (const { picture: name, policy, magnitude, interpolation, fill, first, sha256 } of expected.moved) {
      const picture = pictureOf(name);
      const done: PictureOperation<"affine"> = {
        kind: "affine",
        matrix: matrices[policy](magnitude, picture),
        interpolation,
        fill: fill === "black" ? [0, 0, 0] : [124, 116, 104],
      };
      const what = { name, policy, magnitude, interpolation };
      expect({ ...what, ...seen(applyOperation(picture, done)) }).toEqual({ ...what, first, sha256 });
    }
  });

  test("one after the other is torchvision's ColorJitter with the numbers that it drew, bit for bit", () => {
    expect(expected.jittered).toHaveLength(8);
    for (const { picture, operations, first, sha256 } of expected.jittered) {
      const result = operations.reduce<Picture>((before, next) => applyOperation(before, next), pictureOf(picture));
      expect(seen(result)).toEqual({ first, sha256 });
    }
  });

  test("leaves the picture that it is given as it was", () => {
    const picture = pictureOf("colour");
    const before = picture.bytes.slice();
    for (const { operation: done } of expected.simple) applyOperation(picture, done);
    expect(picture.bytes).toEqual(before);
  });
});

describe("the spaces of policies", () => {
  const frame = { width: 224, height: 224, interpolation: "nearest", fill: [0, 0, 0] } as const;

  test.each([
    ["trivial", trivialWideSpace],
    ["random-224", randAugmentSpace],
  ])(
    "of %s are torchvision's, to an f32's last bit (which differs with the width of its processor's vectors)",
    (name, choices) => {
      const space = expected.spaces[name] ?? {};
      expect(Object.keys(space)).toHaveLength(14);
      expect(choices.map((choice) => choice.name)).toEqual(Object.keys(space));
      for (const choice of choices) {
        const { signed, magnitudes } = space[choice.name]!;
        expect(choice.signed).toBe(signed);
        for (let bin = 0; bin < bins; bin++) {
          const theirs = magnitudes[bin] ?? magnitudes[0]!;
          // torchvision cuts pixels of translations off when it applies them.
          const expectedMagnitude = choice.name.startsWith("Translate") ? Math.trunc(theirs) : theirs;
          const difference = Math.abs(choice.magnitude(bin, frame) - expectedMagnitude);
          expect(difference).toBeLessThanOrEqual(2 ** -23 * Math.max(expectedMagnitude, 0.01));
        }
      }
    },
  );
});

test("lighting is fb.resnet.torch's, to the rounding of f32", () => {
  expect(expected.lighting).toHaveLength(4);
  const statistics = { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] };
  for (const { multiples, shift, normalised } of expected.lighting) {
    const drawn = lightingShift(multiples);
    for (const [c, value] of drawn.entries()) expect(Math.abs(value - shift[c]!)).toBeLessThan(1e-15);
    const { tables } = normalisationOf({ size: [1, 1], channels: 3, ...statistics }, drawn);
    for (const [c, row] of normalised.entries()) {
      // One rounding to f32 of a value below 4.
      for (const [i, level] of [0, 100, 255].entries()) {
        expect(Math.abs(tables[c]![level]! - row[i]!)).toBeLessThanOrEqual(4 * 2 ** -24);
      }
    }
  }
});
