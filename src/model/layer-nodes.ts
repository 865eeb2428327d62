// What each kind of layer becomes in the graph. Nodes carry the layers' names, so that errors, timings and studies speak of
// `layer1.0.conv1`; a layer that takes two nodes (option A's shortcut) gives its name to the last.
import type { Layer, LayerKind } from "../spec/layers.ts";
import type { Construction } from "./construction.ts";

/** Adds the nodes of one layer and records what it made. */
type LayerRule<K extends LayerKind> = (layer: Layer<K>, network: Construction) => void;

const rules: { readonly [K in LayerKind]: LayerRule<K> } = {
  conv: ({ name, x: from, inChannels, outChannels, kernel, stride, padding, groups, bias: initial }, network) => {
    const { builder } = network;
    const operands = {
      x: network.map(from),
      weight: network.parameter(`${name}.weight`, [outChannels, inChannels / groups, kernel, kernel]),
    };
    const params = { stride: [stride, stride], padding, groups } as const;
    if (initial === null) {
      network.made(name, builder.add("conv2d", name, operands, params).y);
    } else {
      const bias = network.parameter(`${name}.bias`, [outChannels]);
      const { y } = builder.add("conv2d", `${name}.unbiased`, operands, params);
      network.made(name, builder.add("addBias", name, { x: y, bias }, {}).y);
    }
  },
  batchNorm: ({ name, x: from, channels }, network) => {
    const { builder, dtype, spec } = network;
    const { epsilon } = spec.batchNorm;
    const x = network.map(from);
    const scale = network.parameter(`${name}.weight`, [channels]);
    const shift = network.parameter(`${name}.bias`, [channels]);
    if (network.takesBatchStatistics(name)) {
      const [n, , h, w] = x.shape;
      const { y, mean, variance } = builder.add("batchNormTrain", name, { x, scale, shift }, { epsilon });
      network.batchStatistics.push({ layer: name, mean, variance, count: n * h * w });
      network.made(name, y);
    } else {
      const mean = builder.state(`${name}.running_mean`, dtype, [channels]);
      const variance = builder.state(`${name}.running_var`, dtype, [channels]);
      const operands = { x, scale, shift, mean, variance };
      network.made(name, builder.add("batchNormInference", name, operands, { epsilon }).y);
    }
  },
  relu: ({ name, x }, network) => {
    network.made(name, network.builder.add("relu", name, { x: network.activation(x) }, {}).y);
  },
  sigmoid: ({ name, x }, network) => {
    network.made(name, network.builder.add("sigmoid", name, { x: network.activation(x) }, {}).y);
  },
  affine: ({ name, x, scale, shift }, network) => {
    network.made(name, network.builder.add("affine", name, { x: network.activation(x) }, { scale, shift }).y);
  },
  maxPool: ({ name, x, kernel, stride, padding }, network) => {
    const params = { kernel: [kernel, kernel], stride: [stride, stride], padding } as const;
    network.made(name, network.builder.add("maxPool", name, { x: network.map(x) }, params).y);
  },
  averagePool: ({ name, x, kernel, stride, padding }, network) => {
    const params = { kernel: [kernel, kernel], stride: [stride, stride], padding, countPadding: false } as const;
    network.made(name, network.builder.add("averagePool", name, { x: network.map(x) }, params).y);
  },
  zeroPad: ({ name, x: from, stride, before, after }, network) => {
    const { builder } = network;
    const pads = before + after > 0;
    let x = network.map(from);
    if (stride > 1) {
      x = builder.add("subsample", pads ? `${name}.subsample` : name, { x }, { stride: [stride, stride] }).y;
    }
    network.made(name, pads ? builder.add("padChannels", name, { x }, { before, after }).y : x);
  },
  extend: ({ name, x, below, right }, network) => {
    network.made(name, network.builder.add("extendMap", name, { x: network.map(x) }, { below, right }).y);
  },
  add: ({ name, a, b }, network) => {
    const operands = { a: network.throughDepth(name, network.activation(a)), b: network.activation(b) };
    network.made(name, network.builder.add("add", name, operands, {}).y);
  },
  multiply: ({ name, a, b }, network) => {
    const operands = { a: network.activation(a), b: network.activation(b) };
    network.made(name, network.builder.add("multiply", name, operands, {}).y);
  },
  globalAveragePool: ({ name, x }, network) => {
    network.made(name, network.builder.add("globalAveragePool", name, { x: network.map(x) }, {}).y);
  },
  flatten: ({ name, x }, network) => {
    network.made(name, network.builder.add("flatten", name, { x: network.map(x) }, {}).y);
  },
  dropout: ({ name, x: from, fraction }, network) => {
    const x = network.activation(from);
    if (!network.drops) return network.made(name, x);
    const { key, stream } = network.nextDropout();
    network.made(name, network.builder.add("dropout", name, { x, key }, { rate: fraction, stream }).y);
  },
  dense: ({ name, x, inFeatures, outFeatures, bias: hasBias }, network) => {
    const weight = network.parameter(`${name}.weight`, [outFeatures, inFeatures]);
    const bias = hasBias ? network.parameter(`${name}.bias`, [outFeatures]) : network.noBias(name, outFeatures);
    network.made(name, network.builder.add("dense", name, { x: network.features(x), weight, bias }, {}).y);
  },
};

/** Adds a layer of any kind. */
export const addLayer = <K extends LayerKind>(layer: Layer<K>, network: Construction): void => {
  const rule: LayerRule<K> = rules[layer.kind];
  rule(layer, network);
};
