// What the engine needs of oneDNN, in the words of the field and without version numbers: dnnl-v2.ts speaks to 2.6–2.7; a
// file for 3.x can stand beside it. Descriptions are plain data; handles are opaque, and belong to the one thread that
// made them.
import type { ArrayOf, DType, ValueDType } from "../../base/dtype.ts";
import type { FilterShape, ImageShape, Pair, Shape } from "../../base/shape.ts";
import type { Padding } from "../../graph/geometry.ts";
import type { Bf16Support } from "../contract.ts";

/** Where the elements of a tensor lie: shape, type, layout. `native` is for the binding alone. */
export interface MemoryDescriptor {
  readonly native: object;
  readonly bytes: number;
}

/** The types of elements that the library has, of those that graphs have. */
export type ElementType = Exclude<ValueDType, "f64">;

/** How activations lie: channels-first and row-major, channels-last, or in blocks of 16 channels (an AVX-512 vector). */
export type ImageLayout = "plain" | "nhwc" | "nChw16c";

/**
 * How filters lie, named by their axes from the outermost to the innermost: output channels o, input channels i, both in blocks of 16 (or
 * the other one whole), then rows and columns. Images may be seen as filters, and so be brought into an order that images have no name for.
 */
export type FilterLayout = "OIhw16i16o" | "OIhw8i16o2i" | "IOhw8o16i2o" | "Ohwi16o";

export interface ConvolutionDescription {
  readonly kind: "convolution";
  /** `direct`, or `auto`: Winograd where the library thinks it pays. */
  readonly algorithm: "direct" | "auto";
  readonly pass: "training" | "inference" | "backwardData" | "backwardWeight";
  readonly x: MemoryDescriptor;
  readonly weight: MemoryDescriptor;
  /** One number a filter, added to what it makes; forward passes only. */
  readonly bias?: MemoryDescriptor;
  /** Where weight gradients are of another type than the weights: the weights of the forward pass. */
  readonly forwardWeight?: MemoryDescriptor;
  readonly y: MemoryDescriptor;
  readonly stride: Pair;
  readonly padding: Padding;
  /** Forward passes only: pixels from one weight to the next; by default 1. */
  readonly dilation?: Pair;
  /** Forward passes only; its tensor is the argument `combined`. */
  readonly combination?: Combination;
  /** Forward passes only; by default nothing. */
  readonly postOp?: PostOp;
  /** Which of the library's implementations, in its order: by default 0, its first choice. */
  readonly alternative?: number;
  /** Instead of a post-op, where x and weight are bytes. */
  readonly requantization?: Requantization;
}

/**
 * What a convolution over bytes makes of its sums of products, with one factor a filter:
 *   y = (Σ x·weight + bias[o]) · factors[o] + accumulate.scale · y
 * then the relu, then the rounding to the nearest number of y's type, ties to even. `accumulate.type` is how what y held before is
 * read; it has as many bytes as y's.
 */
export interface Requantization {
  /** (2.6's fast code takes no factors that are given at each call.) */
  readonly factors: readonly number[];
  readonly relu: boolean;
  readonly accumulate?: { readonly scale: number; readonly type: "i8" | "u8" | "f32" };
}

/**
 * What happens to a result before it is stored. `accumulate`: it is added to what y holds; `accumulateRelu`: and the sum goes
 * through a relu.
 */
export type PostOp = "nothing" | "relu" | "accumulate" | "accumulateRelu";

/** A tensor of the result's shape that is added to the result, or multiplies it, before the post-op. */
export interface Combination {
  readonly operation: "add" | "multiply";
  readonly operand: MemoryDescriptor;
}

interface BatchNormDescription {
  readonly kind: "batchNorm";
  readonly pass: "training" | "inference" | "backward";
  readonly x: MemoryDescriptor;
  readonly epsilon: number;
  /** Followed by a relu; in training its mask is the workspace, which the backward pass reads. */
  readonly relu: boolean;
}

/** What is done to each element. The backward passes read y rather than x; that of an affine map is one itself. */
type ElementwiseDescription =
  | {
      readonly kind: "elementwise";
      readonly function: "relu" | "sigmoid";
      readonly pass: "inference" | "backward";
      readonly x: MemoryDescriptor;
    }
  | {
      readonly kind: "elementwise";
      readonly function: "affine";
      readonly pass: "inference";
      readonly scale: number;
      readonly shift: number;
      readonly x: MemoryDescriptor;
    };

interface PoolingDescription {
  readonly kind: "pooling";
  /** `average` over the elements inside the image, `averageWithPadding` over the whole window. */
  readonly algorithm: "max" | "average" | "averageWithPadding";
  readonly pass: "training" | "inference" | "backward";
  readonly x: MemoryDescriptor;
  readonly y: MemoryDescriptor;
  readonly stride: Pair;
  readonly kernel: Pair;
  readonly padding: Padding;
}

interface DenseDescription {
  readonly kind: "dense";
  readonly pass: "inference" | "backwardData" | "backwardWeight";
  readonly x: MemoryDescriptor;
  readonly weight: MemoryDescriptor;
  readonly bias: MemoryDescriptor;
  readonly y: MemoryDescriptor;
}

interface BinaryDescription {
  readonly kind: "binary";
  /** `isGreater`: 1 where a > b, else 0. */
  readonly operation: "add" | "multiply" | "isGreater";
  readonly a: MemoryDescriptor;
  /** A size of 1 is broadcast. */
  readonly b: MemoryDescriptor;
  readonly y: MemoryDescriptor;
  /** Its tensor is the argument `combined`. */
  readonly combination?: Combination;
  readonly postOp: PostOp;
  /** Before the operation a and b are multiplied by the first two, and what y held by the third; by default all are 1. */
  readonly factors?: readonly [a: number, b: number, y: number];
}

interface SumDescription {
  readonly kind: "sum";
  readonly sources: readonly MemoryDescriptor[];
  readonly coefficients: readonly number[];
  /** May be the same memory as the first source. */
  readonly y: MemoryDescriptor;
}

interface ConcatenationDescription {
  readonly kind: "concatenation";
  readonly axis: number;
  readonly sources: readonly MemoryDescriptor[];
  readonly y: MemoryDescriptor;
}

interface ReorderDescription {
  readonly kind: "reorder";
  readonly from: MemoryDescriptor;
  readonly to: MemoryDescriptor;
  /** Every element times this; by default 1. */
  readonly factor?: number;
}

/** A primitive to be made. Descriptors made by `anyImage` and `anyFilter` leave the layout to the library. */
export type PrimitiveDescription =
  | ConvolutionDescription
  | BatchNormDescription
  | ElementwiseDescription
  | PoolingDescription
  | DenseDescription
  | BinaryDescription
  | SumDescription
  | ConcatenationDescription
  | ReorderDescription;

/** The tensors of a primitive, by what they are to it. */
export type Argument =
  | "x"
  | "x1"
  | "y"
  | "weight"
  | "bias"
  | "scale"
  | "shift"
  | "mean"
  | "variance"
  | "workspace"
  | "scratchpad"
  | "combined"
  | "dx"
  | "dy"
  | "dWeight"
  | "dBias"
  | "dScale"
  | "dShift"
  | { readonly source: number };

/** Tensors of a primitive whose layout can be asked for. */
export type QueriedTensor = "x" | "weight" | "y" | "dx" | "dWeight" | "dy" | "workspace" | "scratchpad";

export interface Primitive {
  /** The library's name for the code that runs: `jit:avx512_core`, `brgconv…`, `ref:any`. */
  readonly implementation: string;
  /** The layout that the primitive wants, or null where it has no such tensor. */
  layoutOf(tensor: QueriedTensor): MemoryDescriptor | null;
  /** Builds the code and returns its handle. The handle lives until `destroy`. */
  create(): object;
  destroy(): void;
}

/** Memory of the library's own, aligned to pages. */
export interface NativeBlock {
  readonly address: bigint;
  /** `length` elements from `byteOffset` on, as an array that must not be used after `free`. The block itself may be of any size. */
  array<D extends DType>(dtype: D, byteOffset: number, length: number): ArrayOf[D];
  /** As `array`, for the bits of bf16 numbers. */
  bits16(byteOffset: number, length: number): Uint16Array;
  free(): void;
}

/** A memory object: a descriptor bound to an address. */
export interface Memory {
  readonly handle: object;
  setAddress(address: bigint): void;
  destroy(): void;
}

export interface Dnnl {
  readonly version: string;
  /** Fast with the processor's own instructions for bf16, slow with AVX-512 alone, none without. */
  readonly bf16: Bf16Support;
  /** Whether products of bytes are summed exactly: by the processor's own instructions for that. Without them the library halves weights. */
  readonly int8: boolean;
  // Elements are f32 unless said otherwise. Descriptors of the same shape, type and layout are the same object; so is what a
  // primitive answers to `layoutOf`.
  /** Dense and row-major. */
  plain(shape: Shape, dtype?: ElementType): MemoryDescriptor;
  image(shape: ImageShape, layout: ImageLayout, dtype?: ElementType): MemoryDescriptor;
  filter(shape: FilterShape, layout: FilterLayout, dtype?: ElementType): MemoryDescriptor;
  /** The same memory with its axes named in another order: axis i of `descriptor` becomes axis `axes[i]`. */
  permuted(descriptor: MemoryDescriptor, axes: readonly number[]): MemoryDescriptor;
  /** Any layout: the primitive chooses. */
  any(shape: Shape, dtype?: ElementType): MemoryDescriptor;
  /** The part of `parent` that begins at `offsets`. Throws UnsupportedError when the layout's blocks are cut through. */
  part(parent: MemoryDescriptor, shape: Shape, offsets: readonly number[], where: string): MemoryDescriptor;
  equal(a: MemoryDescriptor, b: MemoryDescriptor): boolean;
  /** Describes a primitive. Throws UnsupportedError, naming `where`, when the library has no implementation. */
  primitive(description: PrimitiveDescription, where: string): Primitive;
  allocate(bytes: number): NativeBlock;
  memory(descriptor: MemoryDescriptor, address: bigint): Memory;
  /** The argument list of one call, built once. The memories must outlive it. */
  arguments(list: readonly (readonly [Argument, Memory])[]): object;
  /** Runs a primitive to its end; returns 0, or the status that `statusName` names. Nothing is allocated here. */
  execute(primitive: object, count: number, args: object): number;
  statusName(status: number): string;
  /**
   * The address of the first element of an array, good as long as an object that lives refers to the array: a local variable that is
   * not read again does not count, its memory may be gone in the middle of a call.
   */
  addressOf(array: ArrayBufferView): bigint;
  dispose(): void;
}
