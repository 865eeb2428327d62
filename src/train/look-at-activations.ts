// Shows the activations of a network in evaluation, batch norms folded, on some images: for what a calibration measures of them.
import { invariant } from "../base/errors.ts";
import type { Pair } from "../base/shape.ts";
import type { NamedTensors } from "../base/tensor.ts";
import type { Batch } from "../data/batch.ts";
import type { Engine, Program } from "../engine/contract.ts";
import { GraphBuilder } from "../graph/builder.ts";
import type { Graph } from "../graph/graph.ts";
import { buildGraph } from "../model/forward.ts";
import { foldGraph } from "../passes/fold-tensors.ts";
import { fuse } from "../passes/fuse.ts";
import { makePlan } from "../plan/plan.ts";
import type { ResNetSpec } from "../spec/spec.ts";
import { withResources } from "./resources.ts";

/** Images [batch, …input], of which the first `count` count; the other places are empty. */
export type CalibrationBatch = Pick<Batch, "images" | "count">;
export type CalibrationBatches = AsyncIterable<CalibrationBatch> | Iterable<CalibrationBatch>;

/** Is shown elements [n, channels, …] of the n images that count; a channel of an image is of `size`. */
type Visit = (name: string, elements: Float32Array, size: Pair) => void;

/** The network in evaluation, in f32, batch norms folded: what is quantised. */
export const foldedGraph = (spec: ResNetSpec, batch: number): Graph =>
  foldGraph(buildGraph(spec, { mode: "evaluation", batch }));

/** The graph with some of its values as outputs beside its own. */
const observed = (graph: Graph, names: ReadonlySet<string>): Graph => {
  const builder = GraphBuilder.from(graph);
  for (const node of graph.nodes) {
    for (const value of Object.values(node.results)) if (names.has(value.name)) builder.output(value);
  }
  return builder.build();
};

/**
 * Runs the folded network, its states in `folded`, over all images once, and shows of each batch the values `names`; the images are one
 * that may be among them. All batches are of one shape. Gives the number of images.
 */
export const lookAtActivations = (
  engine: Engine,
  spec: ResNetSpec,
  folded: NamedTensors,
  names: ReadonlySet<string>,
  batches: CalibrationBatches,
  visit: Visit,
): Promise<number> =>
  withResources(async (keep) => {
    const { states } = foldedGraph(spec, 1);
    const state = keep(await engine.createState(new Map(states.map(({ name }) => [name, folded.get(name)!]))));
    let program: Program | null = null;
    let seen = 0;
    for await (const { images, count } of batches) {
      if (count === 0) continue;
      const [batch = 1, ...input] = images.shape;
      const [c, h, w] = [input[0] ?? 1, input[1] ?? 1, input[2] ?? 1];
      const planned = (): Graph => observed(foldedGraph({ ...spec, input: [c, h, w] }, batch), names);
      program ??= keep(await engine.compile(makePlan(fuse(planned(), engine.fusions)), state));
      const outputs = await program.run({ images }, "step");
      for (const name of names) {
        const { data, shape } = outputs[name] ?? images;
        invariant(data instanceof Float32Array, `${name} is f32`);
        visit(name, data.subarray(0, (data.length / batch) * count), [shape[2] ?? 1, shape[3] ?? 1]);
      }
      seen += count;
    }
    return seen;
  });
