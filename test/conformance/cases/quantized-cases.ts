// Operations over bytes. Operands are exact: images are brought to bytes by a power of two, so that every engine begins from the same
// levels. Results are read as i8 or, of u8, as their f32 copy.
import type { ByteDType } from "../../../src/base/dtype.ts";
import type { ImageShape } from "../../../src/base/shape.ts";
import type { GraphBuilder } from "../../../src/graph/builder.ts";
import type { QuantizedConvParams } from "../../../src/graph/quantized-ops.ts";
import type { Value } from "../../../src/graph/value.ts";
import { type Case, type CaseTable, forEachOf, image, imageShapes, vector } from "./case.ts";
import { casesOf, type Geometry, geometries, paramsOf, resultShape } from "./conv-cases.ts";

const bytes = (b: GraphBuilder, name: string, shape: ImageShape, dtype: ByteDType): Value<ImageShape> => {
  const levels = b.add("quantize", `${name}.bytes`, { x: image(b, "f32", name, shape) }, { dtype, scale: 2 ** -5 });
  return { ...levels.y, shape };
};
const readable = (b: GraphBuilder, y: Value): readonly Value[] =>
  y.dtype === "u8" ? [b.add("cast", "y.f32", { x: y }, { dtype: "f32" }).y] : [y];

interface Ending {
  readonly x: ByteDType;
  readonly result: QuantizedConvParams["result"];
  readonly relu: boolean;
  readonly shortcut?: ByteDType | "f32";
}

/** Factors under which about a hundred levels are used, and some results are cut off. */
const factorsOf = ({ weight: [filters, channels, u, v] }: Geometry): readonly number[] =>
  Array.from({ length: filters }, (_, o) => Math.fround((0.02 * (1 + (o % 7) / 5)) / Math.sqrt(channels * u * v)));

const convolution =
  (geometry: Geometry, { x, result, relu, shortcut }: Ending): Case =>
  (b) => {
    const weight = b.input("weight", "i8", geometry.weight);
    const bias = vector(b, "f32", "bias", geometry.weight[0]);
    const shape = resultShape(geometry);
    const added =
      shortcut === "f32" ? image(b, "f32", "shortcut", shape) : shortcut && bytes(b, "shortcut", shape, shortcut);
    const { y } = b.add(
      "quantizedConv2d",
      "conv",
      { x: bytes(b, "x", geometry.x, x), weight, bias, ...(added && { shortcut: added }) },
      { ...paramsOf(geometry), factors: factorsOf(geometry), relu, shortcutFactor: shortcut ? 0.73 : 1, result },
    );
    return readable(b, y);
  };

const endings: Readonly<Record<string, Ending>> = {
  "u8 to i8": { x: "u8", result: "i8", relu: false },
  "i8 to f32": { x: "i8", result: "f32", relu: false },
  "u8 to f32 with a relu": { x: "u8", result: "f32", relu: true },
  "u8 and a u8 shortcut to u8": { x: "u8", result: "u8", relu: true, shortcut: "u8" },
  "u8 and an i8 shortcut to u8": { x: "u8", result: "u8", relu: true, shortcut: "i8" },
  "u8 and an i8 shortcut to i8": { x: "u8", result: "i8", relu: false, shortcut: "i8" },
  "u8 and an f32 shortcut to f32": { x: "u8", result: "f32", relu: true, shortcut: "f32" },
};
const endingShapes = {
  "1×1, 64 to 256": geometries["1×1, 64 to 256"],
  "3×3, 5 to 7": geometries["3×3, 5 to 7, no multiple of anything"],
};

export const quantizedCases: CaseTable<"quantize" | "dequantize" | "quantizedConv2d"> = {
  quantize: {
    ...forEachOf(imageShapes, (shape) => (b) => [
      b.add("quantize", "y", { x: image(b, "f32", "x", shape) }, { dtype: "i8", scale: 0.0123 }).y,
    ]),
    "to u8, most of it cut off": (b) => {
      const x = image(b, "f32", "x", [2, 16, 8, 8]);
      return readable(b, b.add("quantize", "y", { x }, { dtype: "u8", scale: 0.0037 }).y);
    },
    "to i8 by a power of two": (b) => [
      b.add("quantize", "y", { x: image(b, "f32", "x", [1, 3, 9, 9]) }, { dtype: "i8", scale: 2 ** -5 }).y,
    ],
  },
  dequantize: forEachOf(imageShapes, (shape) => (b) => [
    b.add("dequantize", "y", { x: b.input("x", "i8", shape) }, { scale: 0.0123 }).y,
  ]),
  quantizedConv2d: {
    ...casesOf((geometry) => convolution(geometry, { x: "u8", result: "u8", relu: true })),
    ...Object.fromEntries(
      Object.entries(casesOf((geometry) => convolution(geometry, { x: "i8", result: "i8", relu: false }))).map(
        ([title, each]) => [`i8, ${title}`, each],
      ),
    ),
    ...Object.fromEntries(
      Object.entries(endingShapes).flatMap(([shape, geometry]) =>
        Object.entries(endings).flatMap(([title, ending]) =>
          geometry ? [[`${shape}, ${title}`, convolution(geometry, ending)]] : [],
        ),
      ),
    ),
  },
};
