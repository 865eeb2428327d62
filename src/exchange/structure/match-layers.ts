// Whether a graph is the network of a spec, layer by layer from the logits back to the image, and the network's tensors.
//
// Two ways of writing the same function are brought to ours:
// - A convolution with bias b before a batch norm. BN(W·x + b) = BN′(W·x) with the running mean less b. In exact arithmetic the
//   functions are the same; in f32 the mean is rounded once more, by half a unit in the last place at most. While training, the
//   batch's own mean contains b and takes it out again: the gradient of b is 0, and fine-tuning loses nothing with it.
// - A convolution into which a batch norm was folded. It gets one that changes nothing: scale 1, mean 0, variance 1 − ε, and the
//   convolution's bias as its shift.
// A spec whose convolutions have biases keeps them, instead of the first.
import { FormatError } from "../../base/errors.ts";
import { type HostTensor, type NamedTensors, tensor } from "../../base/tensor.ts";
import { matchTensors } from "../../model/match-tensors.ts";
import { type Layer, layersOf } from "../../spec/layers.ts";
import type { ResNetSpec } from "../../spec/spec.ts";
import { deeperFirst, depthsOf } from "./depths.ts";
import { describeLayer, describeNode } from "./describe.ts";
import type { SourceGraph, SourceNode } from "./source-graph.ts";

type Weight = HostTensor<"f32">;

const inputsOf = (layer: Layer): readonly string[] => ("a" in layer ? [layer.a, layer.b] : [layer.x]);
const filled = (length: number, value: number): Weight => tensor("f32", [length], new Float32Array(length).fill(value));

/** running mean − bias, rounded once. */
const foldBias = (mean: Weight, bias: Weight): Weight =>
  tensor(
    "f32",
    mean.shape,
    Float32Array.from(mean.data, (value, i) => value - (bias.data[i] ?? 0)),
  );

/**
 * The network's tensors under our names and in our order, if the graph is the spec's network: every layer has its node, with the
 * same sizes and the same inputs, and no node is left over. Throws FormatError with the first node that differs.
 */
export const matchLayers = (spec: ResNetSpec, { file, nodes }: SourceGraph): NamedTensors => {
  const layers = layersOf(spec);
  const layersByName = new Map(layers.map((layer) => [layer.name, layer]));
  const layerDepths = depthsOf(layers.map((layer) => ({ name: layer.name, inputs: inputsOf(layer) })));
  const nodesByName = new Map(nodes.map((node) => [node.name, node]));
  const nodeDepths = depthsOf(nodes);
  const tensors = new Map<string, HostTensor>();
  const assigned = new Map<string, string>(); // layer to node
  const used = new Set<string>();
  const withoutBias = new Set<string>(); // convolutions whose bias a batch norm took over

  const differ = (layer: string, node: string): never => {
    const [wanted, found] = [layersByName.get(layer), nodesByName.get(node)];
    const expected = wanted ? `${describeLayer(wanted)} (${layer})` : "the image";
    const actual = found ? `node ${found.name} is ${describeNode(found)}` : "there the graph has the image itself";
    throw new FormatError(file, `isn't ${spec.name}: ${actual} where ${expected} should be`);
  };

  const readers = new Map<string, number>();
  for (const input of nodes.flatMap(({ inputs }) => inputs)) readers.set(input, (readers.get(input) ?? 0) + 1);

  const pending: (readonly [layer: string, node: string])[] = [];
  const takeBatchNorm = (layer: Layer<"batchNorm">, node: SourceNode<"batchNorm" | "conv">): void => {
    const { name, channels } = layer;
    const set = (scale: Weight, shift: Weight, mean: Weight, variance: Weight): void => {
      tensors.set(`${name}.weight`, scale);
      tensors.set(`${name}.bias`, shift);
      tensors.set(`${name}.running_mean`, mean);
      tensors.set(`${name}.running_var`, variance);
    };
    const conv = node.kind === "conv" ? node : nodesByName.get(node.inputs[0] ?? "");
    if (node.kind === "conv") {
      set(
        filled(channels, 1),
        node.bias ?? filled(channels, 0),
        filled(channels, 0),
        filled(channels, 1 - spec.batchNorm.epsilon),
      );
      pending.push([layer.x, node.name]);
    } else {
      if (node.epsilon !== spec.batchNorm.epsilon) {
        const epsilons = `epsilon ${node.epsilon} where others have ${spec.batchNorm.epsilon}`;
        throw new FormatError(file, `node ${node.name} has ${epsilons}; a spec has one`);
      }
      const bias = conv?.kind === "conv" && !spec.convolutionBias ? conv.bias : null;
      set(node.scale, node.shift, bias ? foldBias(node.mean, bias) : node.mean, node.variance);
      pending.push([layer.x, node.inputs[0] ?? "input"]);
    }
    const taken = node.kind === "conv" || (!spec.convolutionBias && conv && readers.get(conv.name) === 1);
    if (conv?.kind === "conv" && taken) withoutBias.add(conv.name);
  };

  const take = (layer: Layer, node: SourceNode): void => {
    if (layer.kind === "batchNorm" && (node.kind === "batchNorm" || node.kind === "conv")) {
      takeBatchNorm(layer, node);
      return;
    }
    if (describeLayer(layer) !== describeNode(node)) differ(layer.name, node.name);
    if (node.kind === "conv") {
      const bias = withoutBias.has(node.name) ? null : node.bias;
      if (layer.kind === "conv" && layer.bias !== null) {
        tensors.set(`${layer.name}.bias`, bias ?? filled(layer.outChannels, 0));
      } else if (bias) {
        const remedy = "only one that a batch norm follows can be read";
        throw new FormatError(file, `node ${node.name} is a convolution with a bias; ${remedy}`);
      }
      tensors.set(`${layer.name}.weight`, node.weight);
    }
    if (node.kind === "dense") {
      tensors.set(`${layer.name}.weight`, node.weight);
      tensors.set(`${layer.name}.bias`, node.bias ?? filled(node.weight.shape[0] ?? 0, 0));
    }
    const inputs = deeperFirst(node.inputs, nodeDepths);
    for (const [i, input] of deeperFirst(inputsOf(layer), layerDepths).entries()) {
      pending.push([input, inputs[i] ?? "input"]);
    }
  };

  pending.push([layers.at(-1)?.name ?? "", nodes.at(-1)?.name ?? ""]);
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [layerName, nodeName] = next;
    const before = assigned.get(layerName);
    if (before === nodeName) continue;
    if (before !== undefined) differ(layerName, nodeName);
    assigned.set(layerName, nodeName);
    if (layerName === "input" && nodeName === "input") continue;
    const [layer, node] = [layersByName.get(layerName), nodesByName.get(nodeName)];
    if (layer?.kind === "dropout") pending.push([layer.x, nodeName]);
    else if (layer === undefined || node === undefined) differ(layerName, nodeName);
    else {
      used.add(nodeName);
      take(layer, node);
    }
  }
  const unused = nodes.find(({ name }) => !used.has(name));
  if (unused)
    throw new FormatError(
      file,
      `isn't ${spec.name}: node ${unused.name} (${describeNode(unused)}) belongs to no layer`,
    );
  return matchTensors(spec, tensors, file);
};
