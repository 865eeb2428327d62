// Convolutions. Activations lie in blocks of 16 channels where the channels allow it, else channels-last; a network's input
// of up to four channels stays as it came. Weights lie as the primitive wants them.
import { UnsupportedError } from "../../../base/errors.ts";
import type { FilterShape, ImageShape, Pair, Shape } from "../../../base/shape.ts";
import type { ConvParams } from "../../../graph/geometry.ts";
import type { NodeOf } from "../../../graph/ops.ts";
import type { Value } from "../../../graph/value.ts";
import type { ImageLayout, MemoryDescriptor, PostOp, Primitive } from "../dnnl.ts";
import type { Lowering } from "../lowering.ts";

type Pass = "training" | "inference" | "backwardData" | "backwardWeight";

/** The library sees weights of grouped convolutions as [G, O / G, C / G, U, V]. */
const nativeFilter = ([o, c, u, v]: FilterShape, groups: number): Shape =>
  groups === 1 ? [o, c, u, v] : [groups, o / groups, c, u, v];

/**
 * Layouts of (x, y), best first. Blocks of 16 win for f32 in training (docs/onednn.md); where a group has fewer channels
 * than a block, only channels-last has fast code.
 */
const layouts = (x: ImageShape, y: ImageShape, groups: number): readonly (readonly [ImageLayout, ImageLayout])[] => {
  const whole = (channels: number): boolean => channels % 16 === 0 && (channels / groups) % 16 === 0;
  const blocked = (channels: number): ImageLayout => (whole(channels) ? "nChw16c" : "nhwc");
  const asItCame: ImageLayout = groups === 1 && x[1] <= 4 ? "plain" : blocked(x[1]);
  return [
    [asItCame, blocked(y[1])],
    ["nhwc", "nhwc"],
    ["plain", "plain"],
  ];
};

/** Code that computes a convolution as it is written down, or by copying it into one large matrix. */
const isSlow = (implementation: string): boolean => /\b(ref|gemm)\b/.test(implementation);

/**
 * 2.6.3's code for 1×1 windows with a stride first gathers the pixels it needs, a vector of 16 channels at a time. Where 16 doesn't
 * divide the channels, weight gradients come out wrong, by other amounts from run to run (seen with x [3, 8, 10, 10] and stride 2;
 * test/conformance has the case). Such code is never taken.
 */
const isWrong = (implementation: string, x: ImageShape, stride: Pair): boolean =>
  implementation.startsWith("jit_1x1") && (stride[0] > 1 || stride[1] > 1) && x[1] % 16 !== 0;

/** What a forward pass does beside convolving. */
export interface Ending {
  readonly bias?: MemoryDescriptor;
  readonly postOp?: PostOp;
}

export interface Convolution {
  readonly primitive: Primitive;
  readonly layouts: readonly [ImageLayout, ImageLayout];
}

/** The first pair of layouts for which there is fast code; else the first for which there is any. */
export const choose = (
  context: Lowering,
  pass: Pass,
  x: ImageShape,
  filter: FilterShape,
  y: ImageShape,
  params: ConvParams,
  ending: Ending = {},
): Convolution => {
  const { dnnl } = context;
  // For images of few channels Winograd's algorithm loses where the library takes it: 13 % of the roof instead of 32 % (3 to 16).
  const algorithm = x[1] <= 4 ? "direct" : context.options.convolution;
  const weight = dnnl.any(nativeFilter(filter, params.groups));
  let slow: Convolution | null = null;
  let refusal: UnsupportedError | null = null;
  for (const pair of layouts(x, y, params.groups)) {
    try {
      const primitive = context.describe({
        kind: "convolution",
        algorithm,
        pass,
        x: dnnl.image(x, pair[0]),
        weight,
        y: dnnl.image(y, pair[1]),
        stride: params.stride,
        padding: params.padding,
        ...ending,
      });
      if (isWrong(primitive.implementation, x, params.stride)) continue;
      if (!isSlow(primitive.implementation)) return { primitive, layouts: pair };
      slow ??= { primitive, layouts: pair };
    } catch (error) {
      if (!(error instanceof UnsupportedError)) throw error;
      refusal = error;
    }
  }
  if (slow !== null) return slow;
  throw refusal ?? new UnsupportedError("onednn", context.where, "oneDNN has no code for this convolution");
};

/** The layout that a primitive wants for its weights; it has one whenever the weights were described as any. */
const wanted = (context: Lowering, primitive: Primitive, tensor: "weight" | "dWeight"): MemoryDescriptor => {
  const descriptor = primitive.layoutOf(tensor);
  if (descriptor === null) throw new UnsupportedError("onednn", context.where, `no layout for its ${tensor}`);
  return descriptor;
};

export const readWeight = (context: Lowering, weight: Value<FilterShape>, primitive: Primitive, groups: number) =>
  context.readAs(weight, wanted(context, primitive, "weight"), "opaque", nativeFilter(weight.shape, groups));

export const conv2d = (
  context: Lowering,
  { operands: { x, weight }, params, results: { y } }: NodeOf<"conv2d">,
): void => {
  const { primitive, layouts } = choose(context, "training", x.shape, weight.shape, y.shape, params);
  context.call(primitive, [
    ["x", context.read(x, layouts[0])],
    ["weight", readWeight(context, weight, primitive, params.groups)],
    ["y", context.result(y, layouts[1])],
  ]);
};

export const conv2dBackwardData = (
  context: Lowering,
  { operands: { dy, weight }, params, results: { dx } }: NodeOf<"conv2dBackwardData">,
): void => {
  const { primitive, layouts } = choose(context, "backwardData", dx.shape, weight.shape, dy.shape, params);
  context.call(primitive, [
    ["dy", context.read(dy, layouts[1])],
    ["weight", readWeight(context, weight, primitive, params.groups)],
    ["dx", context.result(dx, layouts[0])],
  ]);
};

export const conv2dBackwardWeight = (
  context: Lowering,
  { operands: { x, dy }, params, results: { dWeight } }: NodeOf<"conv2dBackwardWeight">,
): void => {
  const { primitive, layouts } = choose(context, "backwardWeight", x.shape, dWeight.shape, dy.shape, params);
  const shape = nativeFilter(dWeight.shape, params.groups);
  context.call(primitive, [
    ["x", context.read(x, layouts[0])],
    ["dy", context.read(dy, layouts[1])],
    ["dWeight", context.resultAs(dWeight, wanted(context, primitive, "dWeight"), "opaque", shape)],
  ]);
};
