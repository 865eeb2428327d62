// Compares an engine's run of a whole graph, a training step for example, with the run in f64. Errors grow through a deep net in
// a way that no bound from norms describes well: batch norm and relu amplify some and swallow others. So it is measured:
//
//   1. For each operation, error-rules.ts says what its roundings come to: at most γ_n · magnitude; for roundings that are
//      independent and as often up as down, some √n · u · magnitude (Higham & Mary 2019, A new approach to probabilistic
//      rounding error analysis).
//   2. The graph is run in f64 with noise of just that size, uniform in ±, added to every result of every operation. bf16 values are
//      computed in f32 by engines, and rounded: so theirs is the noise of f32, after which the interpreter rounds them as well.
//   3. The root of the mean square distance, over a few such runs, of each output and state to the undisturbed one, times
//      `safety`, is what the engine may be off by in the Euclidean norm.
//
// This is sound as far as the engine's roundings are of the size and kind of the noise, in another order: the network amplifies
// the one as it amplifies the other, kinks of relu and changed winners of pools included, which is why the comparison is of
// norms and not of elements. `safety` covers that the mean is over few runs, and roundings of one sign (sums of positive terms).
import type { NamedTensors } from "../../base/tensor.ts";
import { type Graph, resultsOf } from "../../graph/graph.ts";
import { fuse } from "../../passes/fuse.ts";
import type { Engine } from "../contract.ts";
import { type Comparison, compareNorm, distance } from "./compare-values.ts";
import { interpret, interpretDisturbed } from "./interpret.ts";
import { runGraph } from "./run-graph.ts";

export interface GraphComparisonOptions {
  /** How often the graph is run with noise. Default 3. */
  readonly disturbedRuns?: number;
  /** How many times the measured distance the engine may be off. Default 3. */
  readonly safety?: number;
}

/**
 * Runs the graph, with the engine's fusions, once on the engine, from the tensors (inputs and states by name), and compares
 * every float output, and every state after the update, with the same in f64.
 */
export const compareGraph = async (
  engine: Engine,
  graph: Graph,
  tensors: NamedTensors,
  { disturbedRuns = 3, safety = 3 }: GraphComparisonOptions = {},
): Promise<readonly Comparison[]> => {
  const fused = fuse(graph, engine.fusions);
  const inside = valuesInside(fused);
  const run = await runGraph(engine, fused, tensors);
  const { elements: exact, bounds } = interpret(graph, tensors);
  const values = [...graph.outputs, ...graph.updates.map(({ state }) => state)].filter(({ dtype }) => dtype !== "i32");
  const squares = new Map(values.map(({ name }) => [name, 0]));
  for (let seed = 0; seed < disturbedRuns; seed++) {
    const disturbed = interpretDisturbed(graph, tensors, bounds, seed, inside);
    for (const { name } of values) {
      const off = distance(disturbed.get(name) ?? [], exact.get(name) ?? []);
      squares.set(name, (squares.get(name) ?? 0) + off ** 2);
    }
  }
  return values.map(({ name }) => {
    const actual = run.outputs.get(name) ?? run.states.get(name);
    const expected = exact.get(name);
    if (actual === undefined || expected === undefined) throw new Error(`${engine.name} gave no value for ${name}`);
    const measured = Math.sqrt((squares.get(name) ?? 0) / disturbedRuns);
    return compareNorm(name, actual.data, expected, safety * measured);
  });
};

/** The bf16 values that only bodies of fused nodes have. */
const valuesInside = ({ nodes }: Graph): ReadonlySet<string> =>
  new Set(
    nodes.flatMap((node) => {
      if (node.kind !== "fused") return [];
      const results = new Set(resultsOf(node).map(([, { name }]) => name));
      const made = node.params.body.flatMap((inner) => resultsOf(inner).map(([, value]) => value));
      return made.filter(({ name, dtype }) => dtype === "bf16" && !results.has(name)).map(({ name }) => name);
    }),
  );

/** The value that used the largest share of what it may be off by; a NaN share is the largest of all. */
export const worstOf = (comparisons: readonly Comparison[]): Comparison => {
  const none: Comparison = { name: "nothing", error: 0, allowed: 0, share: 0 };
  return comparisons.reduce((worst, each) => (each.share <= worst.share ? worst : each), none);
};
