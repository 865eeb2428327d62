// A convolution to be computed, in one direction, and the ways in which the library may be told to: what rules and measuring choose
// among.
import type { FilterShape, ImageShape, Pair, Shape } from "../../../base/shape.ts";
import type { ConvParams } from "../../../graph/geometry.ts";
import type {
  Combination,
  ConvolutionDescription,
  Dnnl,
  ElementType,
  ImageLayout,
  MemoryDescriptor,
  PostOp,
  Primitive,
} from "../dnnl.ts";
import type { Physical } from "../physical.ts";

/** What a forward pass does beside convolving, in this order. */
export interface ConvolutionEnding {
  readonly bias?: MemoryDescriptor;
  readonly combination?: Combination;
  readonly postOp?: PostOp;
}

/** One convolution, in one direction. */
export interface ConvolutionLayer {
  readonly pass: "training" | "inference" | "backwardData" | "backwardWeight";
  readonly x: ImageShape;
  readonly filter: FilterShape;
  readonly y: ImageShape;
  readonly params: ConvParams;
  /** Of images, and of weights where they are read. Weight gradients are f32. */
  readonly type: ElementType;
  /** Forward passes only. */
  readonly ending?: ConvolutionEnding;
  /** The images that are read, as they lie: what a measured choice counts reorders from. */
  readonly given?: { readonly x?: Physical; readonly y?: Physical };
}

/** One way to compute it. Operands that are of another type, or lie otherwise, are reordered before. */
export interface ConvolutionCandidate {
  readonly type: ElementType;
  /** Of x and y. */
  readonly layouts: readonly [ImageLayout, ImageLayout];
  /** By default the engine's. */
  readonly algorithm?: "direct" | "auto";
  /** Which of the library's implementations; by default 0, its first choice. */
  readonly alternative?: number;
  /** Fewer groups than the convolution has, of more channels each; the filters are filled up with zeros (regroup.ts). */
  readonly groups?: number;
}

export interface ConvolutionImplementation extends ConvolutionCandidate {
  readonly primitive: Primitive;
}

/** The library sees weights of grouped convolutions as [G, O / G, C / G, U, V]. */
export const nativeFilter = ([o, c, u, v]: FilterShape, groups: number): Shape =>
  groups === 1 ? [o, c, u, v] : [groups, o / groups, c, u, v];

/**
 * 2.6.3's code for 1×1 windows with a stride first gathers the pixels it needs, a vector of 16 channels at a time. Where 16 doesn't
 * divide the channels, weight gradients come out wrong, by other amounts from run to run (seen with x [3, 8, 10, 10] and stride 2;
 * test/conformance has the case); in bf16 it even writes outside its memory. Such code is never taken.
 */
export const isWrong = (implementation: string, x: ImageShape, stride: Pair): boolean =>
  /^jit(_bf16)?_1x1/.test(implementation) && (stride[0] > 1 || stride[1] > 1) && x[1] % 16 !== 0;

/** How the library is told about it. `algorithm`: the engine's. */
export const descriptionOf = (
  dnnl: Dnnl,
  { pass, x, filter: [o, , u, v], y, params, ending = {} }: ConvolutionLayer,
  candidate: ConvolutionCandidate,
  engineAlgorithm: "direct" | "auto",
): ConvolutionDescription => {
  const { type, layouts, algorithm = engineAlgorithm, alternative, groups = params.groups } = candidate;
  const weightShape = nativeFilter([o, x[1] / groups, u, v], groups);
  return {
    kind: "convolution",
    algorithm,
    pass,
    x: dnnl.image(x, layouts[0], type),
    weight: dnnl.any(weightShape, pass === "backwardWeight" ? "f32" : type),
    forwardWeight: dnnl.any(weightShape, type),
    y: dnnl.image(y, layouts[1], type),
    stride: params.stride,
    padding: params.padding,
    ...(alternative !== undefined && { alternative }),
    ...ending,
  };
};
