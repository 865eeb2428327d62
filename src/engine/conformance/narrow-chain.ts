// A part of a fused chain: a few channels of a convolution and of what follows it in the same call. Inference has nothing but such
// chains, and the definitions take half a minute for all of a ResNet-50's.
import { operandsOf } from "../../graph/graph.ts";
import type { Node, NodeOf } from "../../graph/ops.ts";
import type { Value } from "../../graph/value.ts";
import type { ElementsOf } from "../reference/kernel.ts";
import { type Narrowed, narrowedValue, narrowNode, type Range, takePart } from "./narrow-node.ts";

/** The nodes of a body, each of fewer channels. */
export interface NarrowedChain extends Omit<Narrowed, "node"> {
  readonly body: readonly Node[];
}

/** A node that makes each channel from the same channel of its operands; null for others. Only shapes that kernels read change. */
const narrowFollower = (node: Node, part: Range): Node | null => {
  if (node.kind === "addBias") {
    const { operands, results } = node;
    const x = narrowedValue(operands.x, part);
    return { ...node, operands: { ...operands, x }, results: { y: narrowedValue(results.y, part) } };
  }
  if (node.kind === "relu") return { ...node, results: { y: narrowedValue(node.results.y, part) } };
  if (node.kind === "add") return { ...node, results: { y: narrowedValue(node.results.y, part) } };
  return null;
};

/**
 * The chain for `channels` of its channels, from a start that depends on `seed`. Null where its first node can't be narrowed, or
 * where a later one mixes channels or reads what the first one needs as a whole.
 */
export const narrowChain = (
  { params: { body } }: NodeOf<"fused">,
  elementsOf: ElementsOf,
  channels: number,
  seed: number,
): NarrowedChain | null => {
  const [first, ...followers] = body;
  const narrowed = first?.kind === "conv2d" ? narrowNode(first, elementsOf, channels, seed) : null;
  if (first === undefined || narrowed === null) return null;
  const { part } = narrowed;
  const needed = new Set(operandsOf(first).map(([, { name }]) => name));
  const narrowedBody = [narrowed.node];
  for (const node of followers) {
    const follower = narrowFollower(node, part);
    if (follower === null || operandsOf(node).some(([, { name }]) => needed.has(name))) return null;
    narrowedBody.push(follower);
  }
  return {
    body: narrowedBody,
    part,
    // What followers read from outside, a bias [C] or a shortcut [N, C, H, W], is a part of theirs.
    elementsOf: (value: Value) =>
      needed.has(value.name)
        ? narrowed.elementsOf(value)
        : takePart(elementsOf(value), value.shape, { ...part, axis: value.shape.length === 1 ? 0 : 1 }),
  };
};
