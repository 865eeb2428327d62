// What each kind of layer becomes in the graph. Nodes carry the layers' names, so that errors, timings and studies speak of
// `layer1.0.conv1`; a layer that takes two nodes (option A's shortcut) gives its name to the last.
import { padding } from "../graph/geometry.ts";
import type { Layer, LayerKind } from "../spec/layers.ts";
import type { Construction } from "./construction.ts";

/** Adds the nodes of one layer and records what it made. */
type LayerRule<K extends LayerKind> = (layer: Layer<K>, network: Construction) => void;

const rules: { readonly [K in LayerKind]: LayerRule<K> } = {
  conv: ({ name, x, inChannels, outChannels, kernel, stride, padding: amount, groups }, network) => {
    const weight = network.parameter(`${name}.weight`, [outChannels, inChannels / groups, kernel, kernel]);
    const params = { stride: [stride, stride], padding: padding(amount), groups } as const;
    network.maps.set(name, network.builder.add("conv2d", name, { x: network.map(x), weight }, params).y);
  },
  batchNorm: ({ name, x: from, channels }, network) => {
    const { builder, dtype, spec, training } = network;
    const { epsilon } = spec.batchNorm;
    const x = network.map(from);
    const scale = network.parameter(`${name}.weight`, [channels]);
    const shift = network.parameter(`${name}.bias`, [channels]);
    if (training) {
      const [n, , h, w] = x.shape;
      const { y, mean, variance } = builder.add("batchNormTrain", name, { x, scale, shift }, { epsilon });
      network.batchStatistics.push({ layer: name, mean, variance, count: n * h * w });
      network.maps.set(name, y);
    } else {
      const mean = builder.state(`${name}.running_mean`, dtype, [channels]);
      const variance = builder.state(`${name}.running_var`, dtype, [channels]);
      const operands = { x, scale, shift, mean, variance };
      network.maps.set(name, builder.add("batchNormInference", name, operands, { epsilon }).y);
    }
  },
  relu: ({ name, x: from }, network) => {
    const x = network.map(from);
    network.maps.set(name, { ...network.builder.add("relu", name, { x }, {}).y, shape: x.shape });
  },
  maxPool: ({ name, x, kernel, stride, padding: amount }, network) => {
    const params = { kernel: [kernel, kernel], stride: [stride, stride], padding: padding(amount) } as const;
    network.maps.set(name, network.builder.add("maxPool", name, { x: network.map(x) }, params).y);
  },
  zeroPad: ({ name, x: from, stride, before, after }, network) => {
    const { builder } = network;
    const pads = before + after > 0;
    let x = network.map(from);
    if (stride > 1) {
      x = builder.add("subsample", pads ? `${name}.subsample` : name, { x }, { stride: [stride, stride] }).y;
    }
    network.maps.set(name, pads ? builder.add("padChannels", name, { x }, { before, after }).y : x);
  },
  add: ({ name, a: branch, b: shortcut }, network) => {
    const [a, b] = [network.map(branch), network.map(shortcut)];
    network.maps.set(name, { ...network.builder.add("add", name, { a, b }, {}).y, shape: a.shape });
  },
  averagePool: ({ name, x }, network) => {
    network.features.set(name, network.builder.add("globalAveragePool", name, { x: network.map(x) }, {}).y);
  },
  dropout: ({ name, x: from, fraction }, network) => {
    const x = network.feature(from);
    network.features.set(name, x);
    if (!network.training) return;
    const key = network.builder.input("dropoutKey", "i32", [2]);
    network.dropoutKey = key;
    const { y } = network.builder.add("dropout", name, { x, key }, { rate: fraction, stream: 0 });
    network.features.set(name, { ...y, shape: x.shape });
  },
  dense: ({ name, x, inFeatures, outFeatures }, network) => {
    const weight = network.parameter(`${name}.weight`, [outFeatures, inFeatures]);
    const bias = network.parameter(`${name}.bias`, [outFeatures]);
    network.features.set(name, network.builder.add("dense", name, { x: network.feature(x), weight, bias }, {}).y);
  },
};

/** Adds a layer of any kind. */
export const addLayer = <K extends LayerKind>(layer: Layer<K>, network: Construction): void => {
  const rule: LayerRule<K> = rules[layer.kind];
  rule(layer, network);
};
