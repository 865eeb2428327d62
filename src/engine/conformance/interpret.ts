// Runs a graph in f64 on the reference engine's kernels and keeps every value: what engines are compared with, and what their
// error bounds are computed from. f32 values stay as exact as f64 is; bf16 values are rounded to bf16, because that is part of what
// the graph says. Optionally a little noise is added to each value, before it is rounded, to see what becomes of it.
import { type TypedArray, unitRoundoff } from "../../base/dtype.ts";
import { randomPurposes, randomStream } from "../../base/philox.ts";
import { elementCount } from "../../base/shape.ts";
import type { NamedTensors } from "../../base/tensor.ts";
import { type Graph, resultsOf } from "../../graph/graph.ts";
import type { Node } from "../../graph/ops.ts";
import type { ElementsOf } from "../reference/kernel.ts";
import { computeNode } from "../reference/kernels.ts";
import { roundResults } from "../reference/value-storage.ts";
import { expectedNoise } from "./compare-values.ts";
import { type ErrorBound, errorBoundsOf } from "./error-rules.ts";

/** Elements by name of the value; those of a state as they are after the update. */
export type Elements = ReadonlyMap<string, TypedArray>;
/** As if the operands of each node were exact. */
export type ErrorBounds = ReadonlyMap<string, ErrorBound>;

/** The nodes, with the bodies of fused ones in their place. */
const laidOpen = (nodes: readonly Node[]): readonly Node[] =>
  nodes.flatMap((node) => (node.kind === "fused" ? laidOpen(node.params.body) : [node]));

/** Visits the nodes in order, each as soon as its results are computed and before they are rounded; the visitor may change them. */
const interpretWith = (
  graph: Graph,
  tensors: NamedTensors,
  visit: (node: Node, elementsOf: ElementsOf) => void,
): Elements => {
  const elements = new Map<string, TypedArray>([...tensors].map(([name, { data }]) => [name, data]));
  const elementsOf: ElementsOf = ({ name, dtype, shape }) => {
    const n = elementCount(shape);
    const found = elements.get(name) ?? (dtype === "i32" ? new Int32Array(n) : new Float64Array(n));
    elements.set(name, found);
    return found;
  };
  const update = (): void => {
    const values = graph.updates.map(({ state, value }) => [state.name, elementsOf(value)] as const);
    for (const [name, value] of values) elements.set(name, value);
  };
  const nodes = laidOpen(graph.nodes);
  const measuring = nodes.findIndex(({ part }) => part === "measure");
  nodes.forEach((node, index) => {
    if (index === measuring) update();
    computeNode(node, elementsOf);
    visit(node, elementsOf);
    roundResults(node.results, elementsOf);
  });
  if (measuring === -1) update();
  return elements;
};

/** Every value of the graph in f64, states as they are at the end. */
export const interpretExactly = (graph: Graph, tensors: NamedTensors): Elements =>
  interpretWith(graph, tensors, () => {});

export interface Interpretation {
  readonly elements: Elements;
  readonly bounds: ErrorBounds;
  /** bf16 values as they were before they were rounded. */
  readonly unrounded: Elements;
}

/** The same, with the error bounds of what nodes make. */
export const interpret = (graph: Graph, tensors: NamedTensors): Interpretation => {
  const bounds = new Map<string, ErrorBound>();
  const unrounded = new Map<string, TypedArray>();
  const elements = interpretWith(graph, tensors, (node, elementsOf) => {
    for (const [name, bound] of errorBoundsOf(node, elementsOf)) bounds.set(name, bound);
    for (const [, value] of resultsOf(node)) {
      if (value.dtype === "bf16") unrounded.set(value.name, elementsOf(value).slice());
    }
  });
  return { elements, bounds, unrounded };
};

/**
 * As interpretExactly, with every value disturbed by noise that is uniform in ± expectedNoise · magnitude. `inside` are bf16 values that
 * only the body of a fused node has: whether the engine rounds them is its own business, so each is off by such a rounding.
 */
export const interpretDisturbed = (
  graph: Graph,
  tensors: NamedTensors,
  bounds: ErrorBounds,
  seed: number,
  inside: ReadonlySet<string> = new Set(),
): Elements => {
  const { uniform, below } = randomStream(seed, randomPurposes.synthetic);
  // Drawn once, and read from a random place on for every value: networks have tens of millions of elements.
  const noise = Float64Array.from({ length: 2 ** 16 }, () => 2 * uniform() - 1);
  return interpretWith(graph, tensors, (node, elementsOf) => {
    for (const [, value] of resultsOf(node)) {
      const bound = bounds.get(value.name);
      const isRounded = bound !== undefined && bound.roundings > 0;
      if (!isRounded && !inside.has(value.name)) continue;
      const elements = elementsOf(value);
      const start = below(noise.length);
      if (inside.has(value.name)) {
        for (let i = 0; i < elements.length; i++) {
          elements[i]! += unitRoundoff.bf16 * elements[i]! * noise[(start + i) % noise.length]!;
        }
      }
      if (!isRounded) continue;
      const size = expectedNoise(bound, value.dtype);
      for (let i = 0; i < elements.length; i++) {
        elements[i]! += size * bound.magnitude[i]! * noise[(start + i) % noise.length]!;
      }
    }
  });
};
