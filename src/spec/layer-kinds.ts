// Every kind of layer that a network is a list of, and the list under construction. layers.ts says which layers a spec means.
import type { MapShape, Sides } from "./spec.ts";
import { type Window, windowed } from "./windows.ts";

/** For one image: [channels, height, width] or [features]. */
export type LayerOutput = MapShape | readonly [features: number];

/** Every kind of layer and what it takes. `x`, `a`, `b` are names of earlier layers, or "input". */
export interface LayerKinds {
  conv: {
    readonly x: string;
    readonly inChannels: number;
    readonly outChannels: number;
    readonly kernel: number;
    readonly stride: number;
    readonly padding: Sides;
    readonly groups: number;
    /** What its bias starts with; null where it has none, since a batch norm follows sooner or later. */
    readonly bias: number | null;
  };
  /** `closesBranch`: only an addition follows before the block's end, so that a scale of 0 makes the branch nothing. */
  batchNorm: { readonly x: string; readonly channels: number; readonly closesBranch: boolean };
  relu: { readonly x: string };
  sigmoid: { readonly x: string };
  /** scale · x + shift, two numbers that aren't learned. */
  affine: { readonly x: string; readonly scale: number; readonly shift: number };
  maxPool: { readonly x: string } & Window;
  /** The mean of each window; padding doesn't count. */
  averagePool: { readonly x: string } & Window;
  /** Option A's shortcut: every stride-th pixel, between `before` and `after` channels of zeros. */
  zeroPad: { readonly x: string; readonly stride: number; readonly before: number; readonly after: number };
  /** Rows of zeros below and columns of zeros to the right. */
  extend: { readonly x: string; readonly below: number; readonly right: number };
  add: { readonly a: string; readonly b: string };
  multiply: { readonly a: string; readonly b: string };
  /** The mean of each channel over the whole map. */
  globalAveragePool: { readonly x: string };
  /** A map as features: channel by channel, row by row. */
  flatten: { readonly x: string };
  dropout: { readonly x: string; readonly fraction: number };
  dense: { readonly x: string; readonly inFeatures: number; readonly outFeatures: number; readonly bias: boolean };
}
export type LayerKind = keyof LayerKinds;

/** A layer of any kind or, given a kind, of that kind. */
export type Layer<K extends LayerKind = LayerKind> = {
  [P in K]: {
    readonly kind: P;
    /** The module's path, torchvision's where it has one; parameters are named below it. */
    readonly name: string;
    readonly output: LayerOutput;
  } & LayerKinds[P];
}[K];

/** What a layer made, by the layer's name. */
export interface Made<S extends LayerOutput = LayerOutput> {
  readonly name: string;
  readonly output: S;
}

/** Features count as a map of one pixel. */
export const mapOf = (output: LayerOutput): MapShape => (output.length === 3 ? output : [output[0], 1, 1]);

/** A network's layers while they are added; every method returns what its layer makes. */
export class LayerList {
  readonly layers: Layer[] = [];

  conv(
    name: string,
    x: Made,
    sliding: Window,
    outChannels: number,
    groups: number,
    bias: number | null,
  ): Made<MapShape> {
    const input = mapOf(x.output);
    const output = windowed(input, outChannels, sliding);
    const sizes = { inChannels: input[0], outChannels, ...sliding, groups, bias };
    this.layers.push({ kind: "conv", name, x: x.name, ...sizes, output });
    return { name, output };
  }

  batchNorm(name: string, x: Made, closesBranch: boolean): Made {
    this.layers.push({ kind: "batchNorm", name, x: x.name, channels: x.output[0], closesBranch, output: x.output });
    return { name, output: x.output };
  }

  relu(name: string, x: Made): Made {
    this.layers.push({ kind: "relu", name, x: x.name, output: x.output });
    return { name, output: x.output };
  }

  sigmoid(name: string, x: Made): Made {
    this.layers.push({ kind: "sigmoid", name, x: x.name, output: x.output });
    return { name, output: x.output };
  }

  affine(name: string, x: Made, scale: number, shift: number): Made {
    this.layers.push({ kind: "affine", name, x: x.name, scale, shift, output: x.output });
    return { name, output: x.output };
  }

  dropout(name: string, x: Made, fraction: number): Made {
    this.layers.push({ kind: "dropout", name, x: x.name, fraction, output: x.output });
    return { name, output: x.output };
  }

  pool(kind: "maxPool" | "averagePool", name: string, x: Made, sliding: Window): Made<MapShape> {
    const input = mapOf(x.output);
    const output = windowed(input, input[0], sliding);
    this.layers.push({ kind, name, x: x.name, ...sliding, output });
    return { name, output };
  }

  zeroPad(name: string, x: Made, stride: number, before: number, after: number): Made<MapShape> {
    const [channels, height, width] = mapOf(x.output);
    const subsampled = (size: number): number => Math.ceil(size / stride);
    const output = [before + channels + after, subsampled(height), subsampled(width)] as const;
    this.layers.push({ kind: "zeroPad", name, x: x.name, stride, before, after, output });
    return { name, output };
  }

  /** To a map of at least its size. */
  extend(name: string, x: Made, [, toHeight, toWidth]: MapShape): Made<MapShape> {
    const [channels, height, width] = mapOf(x.output);
    const output = [channels, toHeight, toWidth] as const;
    this.layers.push({ kind: "extend", name, x: x.name, below: toHeight - height, right: toWidth - width, output });
    return { name, output };
  }

  /** Sums, or multiplies element by element. */
  combine(kind: "add" | "multiply", name: string, a: Made, b: Made): Made {
    this.layers.push({ kind, name, a: a.name, b: b.name, output: a.output });
    return { name, output: a.output };
  }

  globalAveragePool(name: string, x: Made): Made {
    const output = [x.output[0]] as const;
    this.layers.push({ kind: "globalAveragePool", name, x: x.name, output });
    return { name, output };
  }

  flatten(name: string, x: Made): Made {
    const [channels, height, width] = mapOf(x.output);
    const output = [channels * height * width] as const;
    this.layers.push({ kind: "flatten", name, x: x.name, output });
    return { name, output };
  }

  dense(name: string, x: Made, outFeatures: number, bias = true): Made {
    const output = [outFeatures] as const;
    this.layers.push({ kind: "dense", name, x: x.name, inFeatures: x.output[0], outFeatures, bias, output });
    return { name, output };
  }
}
