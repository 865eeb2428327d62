// Other forms of a convolution's gradient by its weights, of bf16 images in blocks of 16 channels, which the library may compute
// faster than the gradient as it is (docs/records/bf16-training.md says by how much, and why):
//
//   dWeight[o, i, u, v] = Σ dy[n, o, p, q] · x[n, i, s·p + u − top, s·q + v − left]     over n, p, q
//
// - in one row: for windows of one pixel an image of H × W may be seen as one row of H·W. The same code pairs the pixels that it adds up
//   as it multiplies where images have more than 14 rows, and before that where they have fewer.
// - one product: the same windows, as a forward pass over one image whose channels are all pixels of the batch, and whose pixels are
//   the input channels: nothing is paired any more, once x and dy have been reordered.
// - a forward pass: any window, with the batch as channels, the input channels as batch and dy as filter, dilated by the stride.
//
// With a stride, windows of one pixel read some of the pixels only: those are taken first.
import { UnsupportedError } from "../../../base/errors.ts";
import type { ImageShape } from "../../../base/shape.ts";
import { padding } from "../../../graph/geometry.ts";
import { slowCodeOf } from "../../slow-code.ts";
import type { Argument, MemoryDescriptor, Primitive, PrimitiveDescription, QueriedTensor } from "../dnnl.ts";
import type { Lowering } from "../lowering.ts";
import { type ConvolutionImplementation, type ConvolutionLayer, descriptionOf } from "./convolution-layer.ts";

/** A tensor of a form by its name: `x`, `dy` and `dWeight`, or what lies between them. */
export type FormTensor = "x" | "dy" | "dWeight" | "pixels" | "columns" | "filter" | "product";

export interface FormStep {
  readonly primitive: Primitive;
  /** A tensor's steps may see the same memory by different descriptors. */
  readonly tensors: readonly (readonly [Argument, FormTensor, MemoryDescriptor])[];
  /** What a step brings into another layout; null where it computes. */
  readonly brings: FormTensor | null;
}

export interface WeightGradientForm {
  readonly name: string;
  readonly steps: readonly FormStep[];
}

const block = 16;
/** Pixels of dy, as a filter, up to which a forward pass was ever faster: larger ones don't stay in the cache. */
const mostFilterPixels = 14 * 14;
const noPadding = padding(0);
const once = [1, 1] as const;
/** The first two axes change places. */
const swapped = [1, 0, 2, 3] as const;

/** Whether the forms apply: bf16 in blocks, a gradient in blocks. */
const isBlocked = (
  { dnnl }: Lowering,
  { type, x, filter, y, params: { groups } }: ConvolutionLayer,
  { layouts, type: computed, primitive }: ConvolutionImplementation,
): boolean => {
  const wanted = primitive.layoutOf("dWeight");
  const whole = groups === 1 && x[1] % block === 0 && y[1] % block === 0;
  if (!whole || wanted === null || type !== "bf16" || computed !== "bf16") return false;
  return (
    layouts.every((layout) => layout === "nChw16c") &&
    dnnl.equal(wanted, dnnl.filter([y[1], x[1], filter[2], filter[3]], "OIhw16i16o"))
  );
};

const layoutOf = (context: Lowering, primitive: Primitive, tensor: QueriedTensor): MemoryDescriptor => {
  const layout = primitive.layoutOf(tensor);
  if (layout === null) throw new UnsupportedError("onednn", context.where, `no layout for its ${tensor}`);
  return layout;
};

/** Fast code, or none: throws UnsupportedError. */
const fast = (context: Lowering, description: PrimitiveDescription): Primitive => {
  const primitive = context.describe(description);
  if (slowCodeOf(primitive.implementation) === null) return primitive;
  throw new UnsupportedError("onednn", context.where, `${primitive.implementation} is slow`);
};

const reordering = (
  context: Lowering,
  [from, fromAs]: readonly [FormTensor, MemoryDescriptor],
  [to, toAs]: readonly [FormTensor, MemoryDescriptor],
): FormStep => ({
  primitive: context.describe({ kind: "reorder", from: fromAs, to: toAs }),
  tensors: [
    ["x", from, fromAs],
    ["y", to, toAs],
  ],
  brings: from,
});

/** The pixels of x that windows of one pixel read, and the step that takes them; none without a stride. */
const pixelsRead = (
  context: Lowering,
  { x, y, params }: ConvolutionLayer,
): { readonly from: FormTensor; readonly shape: ImageShape; readonly steps: readonly FormStep[] } => {
  if (params.stride.every((pixels) => pixels === 1)) return { from: "x", shape: x, steps: [] };
  const shape: ImageShape = [x[0], x[1], y[2], y[3]];
  const [whole, read] = [x, shape].map((each: ImageShape) => context.dnnl.image(each, "nChw16c", "bf16"));
  if (whole === undefined || read === undefined) return { from: "x", shape: x, steps: [] };
  const primitive = fast(context, {
    kind: "pooling",
    algorithm: "average",
    pass: "inference",
    x: whole,
    y: read,
    stride: params.stride,
    kernel: once,
    padding: noPadding,
  });
  const tensors = [["x", "x", whole] as const, ["y", "pixels", read] as const];
  return { from: "pixels", shape, steps: [{ primitive, tensors, brings: "x" }] };
};

const inOneRow = (
  context: Lowering,
  layer: ConvolutionLayer,
  chosen: ConvolutionImplementation,
): WeightGradientForm => {
  const { from, shape, steps } = pixelsRead(context, layer);
  const inRow = ([n, channels, height, width]: ImageShape): ImageShape => [n, channels, 1, height * width];
  const params = { stride: once, padding: noPadding, groups: 1 };
  const row = { ...layer, x: inRow(shape), y: inRow(layer.y), params };
  const { type, layouts } = chosen;
  const description = descriptionOf(context.dnnl, row, { type, layouts }, "direct");
  const primitive = fast(context, description);
  const tensors = [
    ["x", from, description.x],
    ["dy", "dy", description.y],
    ["dWeight", "dWeight", layoutOf(context, primitive, "dWeight")],
  ] as const;
  return { name: "in one row", steps: [...steps, { primitive, tensors, brings: null }] };
};

const oneProduct = (context: Lowering, layer: ConvolutionLayer): WeightGradientForm => {
  const { dnnl } = context;
  const { from, shape, steps } = pixelsRead(context, layer);
  const [n, inputs, height, width] = shape;
  const outputs = layer.y[1];
  const pixels = n * height * width;
  const columns = dnnl.image([1, pixels, 1, inputs], "nChw16c", "bf16");
  const filter = dnnl.filter([outputs, pixels, 1, 1], "OIhw8i16o2i", "bf16");
  const y = dnnl.image([1, outputs, 1, inputs], "nChw16c"); // as the gradient lies: blocks of 16 inputs follow one another
  const primitive = fast(context, {
    kind: "convolution",
    algorithm: "direct",
    pass: "training",
    x: columns,
    weight: filter,
    y,
    stride: once,
    padding: noPadding,
  });
  const [x, dy] = [dnnl.image(shape, "nChw16c", "bf16"), dnnl.image(layer.y, "nChw16c", "bf16")];
  const tensors = [
    ["x", "columns", columns] as const,
    ["weight", "filter", filter] as const,
    ["y", "dWeight", y] as const,
  ];
  return {
    name: "one product",
    steps: [
      ...steps,
      reordering(context, [from, x], ["columns", dnnl.filter(shape, "Ohwi16o", "bf16")]),
      reordering(context, ["dy", dy], ["filter", dnnl.filter(layer.y, "IOhw8o16i2o", "bf16")]),
      { primitive, tensors, brings: null },
    ],
  };
};

/** Padding below and to the right where it makes the windows of dy, dilated, as many as the filter has weights. Negative: there is no form. */
const endPadding = (weights: number, pixels: number, stride: number, size: number, begin: number): number =>
  weights + (pixels - 1) * stride - size - begin;

const forwardPass = (
  context: Lowering,
  { x, y, filter: [o, i, u, v], params: { stride, padding: before } }: ConvolutionLayer,
): WeightGradientForm => {
  const { dnnl } = context;
  const end = {
    bottom: endPadding(u, y[2], stride[0], x[2], before.top),
    right: endPadding(v, y[3], stride[1], x[3], before.left),
  };
  const extent = [(y[2] - 1) * stride[0] + 1, (y[3] - 1) * stride[1] + 1] as const;
  const reaches = (rows: number, pixels: number): boolean => rows >= 0 && rows < pixels;
  const fits =
    [before.top, end.bottom].every((rows) => reaches(rows, extent[0])) &&
    [before.left, end.right].every((columns) => reaches(columns, extent[1]));
  // Of windows wholly in the padding the library's fast code wants nothing, and in looking for other code it has crashed.
  if (!fits)
    throw new UnsupportedError("onednn", context.where, "dy, as a filter, does not reach from padding to padding");
  const columns = dnnl.image([i, x[0], x[2], x[3]], "nChw16c", "bf16");
  const product = dnnl.image([i, o, u, v], "nChw16c");
  const primitive = fast(context, {
    kind: "convolution",
    algorithm: "direct",
    pass: "training",
    x: columns,
    weight: dnnl.any([o, x[0], y[2], y[3]], "bf16"),
    y: product,
    stride: once,
    padding: { ...before, ...end },
    dilation: stride,
  });
  const weight = layoutOf(context, primitive, "weight");
  const tensors = [
    ["x", "columns", columns] as const,
    ["weight", "filter", weight] as const,
    ["y", "product", product] as const,
  ];
  const gradient = dnnl.filter([o, i, u, v], "OIhw16i16o");
  return {
    name: "a forward pass",
    steps: [
      reordering(context, ["x", dnnl.image(x, "nChw16c", "bf16")], ["columns", dnnl.permuted(columns, swapped)]),
      reordering(context, ["dy", dnnl.image(y, "nChw16c", "bf16")], ["filter", dnnl.permuted(weight, swapped)]),
      { primitive, tensors, brings: null },
      reordering(context, ["product", dnnl.permuted(product, swapped)], ["dWeight", gradient]),
    ],
  };
};

/** The forms that a layer's gradient by its weights has beside the chosen code, none for most layers. */
export const weightGradientForms = (
  context: Lowering,
  layer: ConvolutionLayer,
  chosen: ConvolutionImplementation,
): readonly WeightGradientForm[] => {
  if (!isBlocked(context, layer, chosen)) return [];
  const { x, y, filter, params } = layer;
  const { top, left, bottom, right } = params.padding;
  const isOnePixel = filter[2] === 1 && filter[3] === 1 && [top, left, bottom, right].every((rows) => rows === 0);
  const wholeBatch = x[0] % block === 0;
  const small = y[2] * y[3] <= mostFilterPixels;
  const makers = [
    ...(isOnePixel ? [() => inOneRow(context, layer, chosen)] : []),
    ...(isOnePixel && wholeBatch ? [() => oneProduct(context, layer)] : []),
    ...(!isOnePixel && wholeBatch && small ? [() => forwardPass(context, layer)] : []),
  ];
  return makers.flatMap((make) => {
    try {
      return [make()];
    } catch (error) {
      if (error instanceof UnsupportedError) return [];
      throw error;
    }
  });
};
