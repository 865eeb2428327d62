// Layers of ours and nodes of others in the same words, so that they can be compared, and shown where they differ.
import { formatShape } from "../../base/shape.ts";
import type { Layer } from "../../spec/layers.ts";
import type { Sides } from "../../spec/spec.ts";
import type { SourceNode } from "./source-graph.ts";

/** "3" where all sides have it, else each: top, left, bottom, right. */
const describePadding = ({ top, left, bottom, right }: Sides): string =>
  top === left && top === bottom && top === right ? String(top) : formatShape([top, left, bottom, right]);

/** Kind, sizes and settings: "conv [64, 3, 7, 7], stride 2, padding 3, groups 1". */
export const describeLayer = (layer: Layer): string => {
  if (layer.kind === "conv") {
    const { kernel, stride, padding, groups, outChannels, inChannels } = layer;
    const weight = [outChannels, inChannels / groups, kernel, kernel];
    return `conv ${formatShape(weight)}, stride ${stride}, padding ${describePadding(padding)}, groups ${groups}`;
  }
  if (layer.kind === "maxPool") {
    return `maxPool ${layer.kernel}, stride ${layer.stride}, padding ${describePadding(layer.padding)}`;
  }
  if (layer.kind === "dense") return `dense ${formatShape([layer.outFeatures, layer.inFeatures])}`;
  if (layer.kind === "batchNorm") return `batchNorm ${formatShape([layer.channels])}`;
  return layer.kind === "zeroPad" ? `zeroPad ${layer.before}, ${layer.after}, stride ${layer.stride}` : layer.kind;
};
/** As describeLayer. */
export const describeNode = (node: SourceNode): string => {
  if (node.kind === "conv") {
    const { weight, stride, padding, groups } = node;
    return `conv ${formatShape(weight.shape)}, stride ${stride}, padding ${padding}, groups ${groups}`;
  }
  if (node.kind === "maxPool") return `maxPool ${node.kernel}, stride ${node.stride}, padding ${node.padding}`;
  if (node.kind === "dense") return `dense ${formatShape(node.weight.shape)}`;
  if (node.kind === "batchNorm") return `batchNorm ${formatShape(node.scale.shape)}`;
  return node.kind === "zeroPad" ? `zeroPad ${node.before}, ${node.after}, stride ${node.stride}` : node.kind;
};
