// Checks an engine's run of a large graph node by node: every value that its program makes is asked for, and each node is computed
// once more in f64 from the very operands that the engine had. So nothing is amplified on the way, and each element is held to the
// bound of its own operation (error-rules.ts), however deep the network: in bf16, where a step as a whole loses a tenth of some gradients
// to rounding, a comparison of the ends says little. Of large nodes, only some channels are computed.
import type { TypedArray } from "../../base/dtype.ts";
import { invariant } from "../../base/errors.ts";
import { elementCount } from "../../base/shape.ts";
import type { NamedTensors } from "../../base/tensor.ts";
import { GraphBuilder } from "../../graph/builder.ts";
import { flopsOf } from "../../graph/cost-rules.ts";
import { type Graph, operandsOf, resultsOf } from "../../graph/graph.ts";
import type { Node } from "../../graph/ops.ts";
import { isHostValue, type Value } from "../../graph/value.ts";
import { fuse } from "../../passes/fuse.ts";
import type { Engine } from "../contract.ts";
import type { ElementsOf } from "../reference/kernel.ts";
import { computeNode } from "../reference/kernels.ts";
import { roundings } from "../reference/value-storage.ts";
import type { GraphCheck } from "./check-graph.ts";
import { allowedError, distance } from "./compare-values.ts";
import { type ErrorBound, errorBoundsOf } from "./error-rules.ts";
import { narrowChain } from "./narrow-chain.ts";
import { type Narrowed, narrowNode, takePart } from "./narrow-node.ts";
import { type GraphRun, runGraph } from "./run-graph.ts";
import { withoutMeasure } from "./without-measure.ts";

/** The graph with all that its nodes make as outputs, and the output of each value: that of a bf16 one is its f32 copy. */
const observed = (graph: Graph): { readonly graph: Graph; readonly outputOf: ReadonlyMap<string, string> } => {
  const builder = GraphBuilder.from({ ...graph, nodes: [], outputs: [] });
  const outputOf = new Map<string, string>();
  for (const node of graph.nodes) {
    builder.append(node);
    builder.part(node.part);
    for (const [, value] of resultsOf(node)) {
      if (value.dtype === "i32") continue; // winners of pools may lie in an engine's own workspace
      const copy = `${value.name}.observed`;
      const output = isHostValue(value) ? value : builder.add("cast", copy, { x: value }, { dtype: "f32" }).y;
      builder.output(output);
      outputOf.set(value.name, output.name);
    }
  }
  return { graph: builder.build(), outputOf };
};

/** Operations that make no error larger that their operands bring along. */
const passErrorsOn: ReadonlySet<Node["kind"]> = new Set(["relu", "add", "addBias", "cast"]);

/** What the elements of a value may be off by for its own operation. */
const ownError = ({ dtype }: Value, elements: TypedArray, bound: ErrorBound | undefined): Float64Array => {
  const allowed = new Float64Array(elements.length);
  if (bound === undefined || dtype === "i32") return allowed;
  const type = dtype === "bf16" ? "bf16" : "f32";
  // (A loop: `from` with a function is slow.)
  for (let i = 0; i < allowed.length; i++) allowed[i] = allowedError(bound, i, elements[i]!, type);
  return allowed;
};

interface Computed {
  readonly elements: TypedArray;
  readonly allowed: Float64Array;
  /** The part of the value that they are; null for all of it. */
  readonly part: Narrowed["part"] | null;
}
/** Channels or filters that are computed of a large node. */
const checkedChannels = 8;
/** Larger nodes are computed in part: operations of the definition, or elements of its result. */
const largestWhole = 2e5;
const isLarge = (node: Node): boolean => {
  const elements = resultsOf(node).reduce((sum, [, { shape }]) => sum + elementCount(shape), 0);
  return flopsOf(node) > largestWhole || elements > largestWhole;
};

const computePart = (node: Node, index: number, elementsOf: ElementsOf): ReadonlyMap<string, Computed> | null => {
  if (!isLarge(node)) return null;
  if (node.kind === "fused") {
    const chain = narrowChain(node, elementsOf, checkedChannels, index);
    return chain && computeNodes(chain.body, chain.elementsOf, chain.part);
  }
  const narrowed = narrowNode(node, elementsOf, checkedChannels, index);
  return narrowed && computeNodes([narrowed.node], narrowed.elementsOf, narrowed.part);
};

/** Computes a node, or the body of a fused one, from what the engine had; gives all that is made in it. */
const compute = (node: Node, index: number, elementsOf: ElementsOf): ReadonlyMap<string, Computed> =>
  computePart(node, index, elementsOf) ??
  computeNodes(node.kind === "fused" ? node.params.body : [node], elementsOf, null);

const computeNodes = (
  body: readonly Node[],
  outside: ElementsOf,
  part: Computed["part"],
): ReadonlyMap<string, Computed> => {
  const made = new Map<string, Computed>();
  for (const inner of body) {
    const own = new Map<string, TypedArray>();
    for (const [, { name, dtype, shape }] of resultsOf(inner)) {
      const n = elementCount(shape);
      own.set(name, dtype === "i32" ? new Int32Array(n) : new Float64Array(n));
    }
    const elementsOf: ElementsOf = (value) => own.get(value.name) ?? made.get(value.name)?.elements ?? outside(value);
    computeNode(inner, elementsOf);
    const bounds = errorBoundsOf(inner, elementsOf);
    const inherited = operandsOf(inner).flatMap(([, { name }]) => made.get(name)?.allowed ?? []);
    const inexact = inherited.filter((errors) => errors.some((error) => error > 0));
    invariant(
      inexact.length === 0 || passErrorsOn.has(inner.kind),
      `${inner.name}: no bound for ${inner.kind} of rounded values`,
    );
    for (const [, value] of resultsOf(inner)) {
      const elements = elementsOf(value);
      const allowed = ownError(value, elements, bounds.get(value.name));
      for (const errors of inexact) for (let i = 0; i < allowed.length; i++) allowed[i]! += errors[i] ?? 0;
      made.set(value.name, { elements, allowed, part });
    }
  }
  return made;
};

const compare = (value: Value, whole: TypedArray, { elements, allowed, part }: Computed): GraphCheck => {
  const actual = part === null ? whole : takePart(whole, value.shape, part);
  const round = roundings[value.dtype];
  let worst = { name: value.name, error: 0, allowed: 0, share: 0 };
  for (let i = 0; i < allowed.length; i++) {
    // Nothing but the type rounds a copy: it has to be just what the type makes of it. What bytes are off by is told in levels.
    const exact = allowed[i] === 0;
    const expected = round !== undefined && (exact || value.dtype !== "bf16") ? round(elements[i]!) : elements[i]!;
    const error = Math.abs(actual[i]! - expected);
    const share = error === 0 ? 0 : error / allowed[i]!;
    if (!(share <= worst.share)) worst = { name: `${value.name}[${i}]`, error, allowed: allowed[i]!, share };
    if (Number.isNaN(share)) break;
  }
  const nothing = new Float64Array(allowed.length);
  const norm = distance(elements, nothing);
  return { ...worst, relative: norm === 0 ? 0 : distance(allowed, nothing) / norm };
};

/** Runs step and update of the graph on the engine, with its fusions, and compares all values that it makes, and every state. */
export const checkNodes = async (engine: Engine, graph: Graph, tensors: NamedTensors): Promise<readonly GraphCheck[]> =>
  (await checkObserved(engine, graph, tensors)).checks;

/** As checkNodes, with what the run gave. */
export const checkObserved = async (
  engine: Engine,
  graph: Graph,
  tensors: NamedTensors,
): Promise<{ readonly checks: readonly GraphCheck[]; readonly run: GraphRun }> => {
  const fused = fuse(withoutMeasure(graph), engine.fusions); // with the outputs: what only a caller reads is compared too
  const { graph: whole, outputOf } = observed(fused);
  const run = await runGraph(engine, whole, tensors);
  const known = new Map<string, TypedArray>([...tensors].map(([name, { data }]) => [name, data]));
  const elementsOf: ElementsOf = ({ name }) => {
    const elements = known.get(name);
    invariant(elements, `${name} is known when it is read`);
    return elements;
  };
  const checks: GraphCheck[] = [];
  for (const [index, node] of fused.nodes.entries()) {
    const made = compute(node, index, elementsOf);
    for (const [, value] of resultsOf(node)) {
      const computed = made.get(value.name);
      invariant(computed, `${node.name} makes ${value.name}`);
      const output = run.outputs.get(outputOf.get(value.name) ?? "");
      // What the engine had, for those that read it; what it can't show is exact.
      known.set(value.name, output?.data ?? computed.elements);
      if (output !== undefined) checks.push(compare(value, output.data, computed));
    }
  }
  for (const { state, value } of graph.updates) {
    const [kept, elements] = [run.states.get(state.name), known.get(value.name)];
    invariant(kept && elements, `${state.name} is kept and updated`);
    const differs = kept.data.some((element, i) => element !== elements[i]);
    checks.push({ name: state.name, error: 0, allowed: 0, share: differs ? Number.NaN : 0, relative: 0 });
  }
  return { checks, run };
};
