// A spec expanded into its layers, in the order of execution, each with its name, its inputs' names and its output's size.
// Parameters, MACs, summaries and the graph are all read from this list, so that nothing about a network is computed twice.
import { type Block, blocksOf, convolved, windowCount } from "./blocks.ts";
import type { MapShape, ResNetSpec } from "./spec.ts";

/** Every kind of layer and what it takes. `x`, `a`, `b` are names of earlier layers, or "input". */
export interface LayerKinds {
  /** Without a bias: a batch norm follows, sooner or later. */
  conv: {
    readonly x: string;
    readonly inChannels: number;
    readonly outChannels: number;
    readonly kernel: number;
    readonly stride: number;
    readonly padding: number;
    readonly groups: number;
  };
  /** `closesBranch`: nothing but the addition follows, so that a scale of 0 makes the block the identity (v1 only). */
  batchNorm: { readonly x: string; readonly channels: number; readonly closesBranch: boolean };
  relu: { readonly x: string };
  maxPool: { readonly x: string; readonly kernel: number; readonly stride: number; readonly padding: number };
  /** Option A's shortcut: every stride-th pixel, between `before` and `after` channels of zeros. */
  zeroPad: { readonly x: string; readonly stride: number; readonly before: number; readonly after: number };
  add: { readonly a: string; readonly b: string };
  /** The mean of each channel over the whole map. */
  averagePool: { readonly x: string };
  dropout: { readonly x: string; readonly fraction: number };
  dense: { readonly x: string; readonly inFeatures: number; readonly outFeatures: number };
}
export type LayerKind = keyof LayerKinds;

/** A layer of any kind or, given a kind, of that kind. `output` is for one image: [channels, height, width] or [features]. */
export type Layer<K extends LayerKind = LayerKind> = {
  [P in K]: {
    readonly kind: P;
    /** The module's path, torchvision's where it has one; parameters are named below it. */
    readonly name: string;
    readonly output: MapShape | readonly [features: number];
  } & LayerKinds[P];
}[K];

/** A map that a layer made, by the layer's name. */
interface Made {
  readonly name: string;
  readonly shape: MapShape;
}

/** The layers of a network. Linear in the number of blocks. */
export const layersOf = (spec: ResNetSpec): readonly Layer[] => {
  const layers: Layer[] = [];

  const conv = (name: string, x: Made, outChannels: number, kernel: number, stride: number, groups: number): Made => {
    const shape = convolved(x.shape, outChannels, kernel, stride);
    const sizes = { inChannels: x.shape[0], outChannels, kernel, stride, padding: (kernel - 1) / 2, groups };
    layers.push({ kind: "conv", name, x: x.name, ...sizes, output: shape });
    return { name, shape };
  };
  const batchNorm = (name: string, x: Made, closesBranch: boolean): Made => {
    layers.push({ kind: "batchNorm", name, x: x.name, channels: x.shape[0], closesBranch, output: x.shape });
    return { name, shape: x.shape };
  };
  const relu = (name: string, x: Made): Made => {
    layers.push({ kind: "relu", name, x: x.name, output: x.shape });
    return { name, shape: x.shape };
  };

  const stem = (image: Made): Made => {
    const { width, kernel, stride, pool } = spec.stem;
    let x = conv("conv1", image, width, kernel, stride, 1);
    // Before pre-activation blocks the stem is bare: the first block's batch norm and relu serve both of its paths.
    if (spec.activation === "post") x = relu("relu", batchNorm("bn1", x, false));
    if (pool === null) return x;
    const pooled = (size: number) => windowCount(size, pool.kernel, pool.stride, pool.padding);
    const shape = [x.shape[0], pooled(x.shape[1]), pooled(x.shape[2])] as const;
    layers.push({ kind: "maxPool", name: "maxpool", x: x.name, ...pool, output: shape });
    return { name: "maxpool", shape };
  };

  /** The block's convolutions with batch norm and relu around each; `preactivated` is what the first convolution takes in v2. */
  const branch = (block: Block, x: Made, preactivated: Made | null): Made => {
    let y = x;
    for (const [i, { outChannels, kernel, stride, groups }] of block.branch.entries()) {
      const at = (module: string) => `${block.name}.${module}${i + 1}`;
      const last = i === block.branch.length - 1;
      if (preactivated !== null) {
        y = i === 0 ? preactivated : relu(at("relu"), batchNorm(at("bn"), y, false));
        y = conv(at("conv"), y, outChannels, kernel, stride, groups);
      } else {
        y = batchNorm(at("bn"), conv(at("conv"), y, outChannels, kernel, stride, groups), last);
        if (!last) y = relu(at("relu"), y); // the last relu follows the addition
      }
    }
    return y;
  };

  const shortcut = (block: Block, x: Made): Made | null => {
    const name = `${block.name}.downsample`;
    const { stride, output } = block;
    switch (block.shortcut?.kind) {
      case undefined:
        return null;
      case "identity":
        return x;
      case "zeroPad": {
        const { before, after } = block.shortcut;
        layers.push({ kind: "zeroPad", name, x: x.name, stride, before, after, output });
        return { name, shape: output };
      }
      case "projection": {
        const projected = conv(`${name}.0`, x, output[0], 1, stride, 1);
        // Pre-activation leaves the way through the shortcuts free of batch norm.
        return spec.activation === "post" ? batchNorm(`${name}.1`, projected, false) : projected;
      }
    }
  };

  const block = (x: Made, geometry: Block): Made => {
    const at = (module: string) => `${geometry.name}.${module}`;
    const preactivated = spec.activation === "pre" ? relu(at("relu1"), batchNorm(at("bn1"), x, false)) : null;
    let y = branch(geometry, x, preactivated);
    const way = shortcut(geometry, geometry.sharedActivation && preactivated !== null ? preactivated : x);
    if (way !== null) {
      layers.push({ kind: "add", name: at("add"), a: y.name, b: way.name, output: y.shape });
      y = { name: at("add"), shape: y.shape };
    }
    return spec.activation === "post" ? relu(at(`relu${geometry.branch.length}`), y) : y;
  };

  const head = (x: Made): void => {
    const features = x.shape[0];
    layers.push({ kind: "averagePool", name: "avgpool", x: x.name, output: [features] });
    const fraction = spec.head.dropout;
    if (fraction > 0) layers.push({ kind: "dropout", name: "dropout", x: "avgpool", fraction, output: [features] });
    const sizes = { inFeatures: features, outFeatures: spec.classes, output: [spec.classes] as const };
    layers.push({ kind: "dense", name: "fc", x: fraction > 0 ? "dropout" : "avgpool", ...sizes });
  };

  const stemmed = stem({ name: "input", shape: spec.input });
  const x = blocksOf(spec, stemmed.shape).reduce(block, stemmed);
  head(spec.activation === "pre" ? relu("relu", batchNorm("bn", x, false)) : x);
  return layers;
};
