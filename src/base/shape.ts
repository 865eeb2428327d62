// Shapes: sizes in elements, outermost first. No strides: layouts are an engine's private business.

/** Sizes of a tensor of any rank; a scalar is `[]`. */
export type Shape = readonly number[];

/** A batch of activations, channels first. */
export type ImageShape = readonly [batch: number, channels: number, height: number, width: number];
/** Convolution weights (OIHW): one filter for each output channel. */
export type FilterShape = readonly [outChannels: number, inChannels: number, kernelHeight: number, kernelWidth: number];
/** A batch of feature vectors. */
export type FeatureShape = readonly [batch: number, features: number];
/** Dense weights, as torch.nn.Linear stores them. */
export type MatrixShape = readonly [outFeatures: number, inFeatures: number];
/** One number for each channel, feature, or image. */
export type VectorShape = readonly [length: number];
/** A single number. */
export type ScalarShape = readonly [];

/** A quantity along the height and along the width. */
export type Pair = readonly [height: number, width: number];

/** The number of elements of a tensor of this shape; 1 for a scalar. */
export const elementCount = (shape: Shape): number => shape.reduce((product, size) => product * size, 1);

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((size, axis) => size === b[axis]);

/** As errors and printed graphs show it: `[8, 16, 32, 32]`. */
export const formatShape = (shape: Shape): string => `[${shape.join(", ")}]`;
