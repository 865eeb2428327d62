// How far another f32 implementation may be off in a network's logits: what roundings of its size come to in this very network.
// The network runs in f64, then with noise of √n·u · magnitude on every result of every operation, where error-rules.ts says how many
// roundings n an operation with its reduction length takes, and relative to which magnitude. The root of the mean square distance over
// a few such runs, times `safety`, is the bound, as engine/conformance/compare-graph.ts has it for engines; the reasons stand there.
import type { NamedTensors } from "../../src/base/tensor.ts";
import { type Comparison, compareNorm, distance } from "../../src/engine/conformance/compare-values.ts";
import { interpret, interpretDisturbed } from "../../src/engine/conformance/interpret.ts";
import type { Graph } from "../../src/graph/graph.ts";

const [disturbedRuns, safety] = [3, 3];

/** A function that compares logits with those of the graph in f64. `tensors` holds its inputs and states. */
export const f32Comparison = (graph: Graph, tensors: NamedTensors): ((logits: Float32Array) => Comparison) => {
  const name = graph.outputs[0]?.name ?? "";
  const { elements, bounds } = interpret(graph, tensors);
  const exact = elements.get(name) ?? new Float64Array();
  let squares = 0;
  for (let seed = 1; seed <= disturbedRuns; seed++) {
    const disturbed = interpretDisturbed(graph, tensors, bounds, seed).get(name) ?? new Float64Array();
    squares += distance(disturbed, exact) ** 2;
  }
  const allowed = safety * Math.sqrt(squares / disturbedRuns);
  return (logits) => compareNorm(name, logits, exact, allowed);
};
