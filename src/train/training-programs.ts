// The programs of a training over its one state, for images of one size: forward and backward; the optimiser, where it follows several
// batches; the average of the weights; and the network as it is evaluated. The loop runs their parts and knows nothing of graphs.
import { type HostTensor, type NamedTensors, scalar, tensor } from "../base/tensor.ts";
import type { Engine, Program, ProgramInputs, ProgramOutputs, State } from "../engine/contract.ts";
import type { LogitsFor } from "../evaluate/evaluate.ts";
import type { Graph } from "../graph/graph.ts";
import { accumulationDecay, accumulationDecayInput } from "../passes/accumulate-gradients.ts";
import { fuse } from "../passes/fuse.ts";
import { learningRateInput, updateNumberInput } from "../passes/update.ts";
import type { MemoryPlan } from "../plan/memory.ts";
import { makePlan } from "../plan/plan.ts";
import type { ResNetSpec } from "../spec/spec.ts";
import { startingState, type TrainingCheckpoint } from "./checkpoint.ts";
import { evaluationPrograms } from "./evaluation-program.ts";
import type { MixedBatch } from "./mix-batch.ts";
import type { Recipe } from "./recipe.ts";
import type { Keep } from "./resources.ts";
import { type Norms, normsOf, updateNorms } from "./step-outputs.ts";
import type { TrainingGraph } from "./training-graph.ts";
import {
  averageDecayAt,
  averagedStates,
  averageName,
  averagesOf,
  averageWeights,
  averagingGraph,
} from "./weight-average.ts";

export interface UpdateOptions {
  /** From 1. */
  readonly number: number;
  readonly learningRate: number;
  readonly measured: boolean;
}

export interface TrainingPrograms {
  readonly state: State;
  /** Of the program with forward and backward. */
  readonly memory: MemoryPlan;
  /** Forward and backward. `drawn` counts batches from 0: it decides what is dropped. Outputs are valid until the next run. */
  step(batch: MixedBatch, drawn: number): Promise<ProgramOutputs>;
  /** After the step of batch `index` of an update, from 0: its gradients become part of the update's. */
  accumulate(index: number): Promise<void>;
  /** Moves the weights, and their average. */
  update(options: UpdateOptions): Promise<Partial<Norms>>;
  /** Logits by the weights as they are now or, where they are averaged, by their average. */
  evaluation(): Promise<LogitsFor>;
}

/** What a training keeps when the size of its images changes. */
export interface TrainingState {
  readonly state: State;
  /** The averages of the weights, as evaluation reads them; null where none is taken. */
  readonly averages: State | null;
}

/** What states and programs are made for. */
export interface TrainingProgramsOptions {
  readonly engine: Engine;
  readonly spec: ResNetSpec;
  readonly recipe: Recipe;
  readonly graph: TrainingGraph;
}

/** The graphs of a recipe's programs, whose states together are the training's. */
export const programGraphs = ({ graph, update }: TrainingGraph, { ema }: Pick<Recipe, "ema">, spec: ResNetSpec) => ({
  step: graph,
  update,
  average: ema === null ? null : averagingGraph(averagedStates(spec, update === null ? [graph] : [graph, update])),
});

const graphsOf = ({ graph, recipe, spec }: TrainingProgramsOptions): readonly Graph[] =>
  Object.values(programGraphs(graph, recipe, spec)).filter((each): each is Graph => each !== null);

/** The state to begin with: `weights`, or what a training was interrupted with. Errors as startingState's. */
export const createTrainingState = async (
  options: TrainingProgramsOptions,
  weights: NamedTensors,
  resume: TrainingCheckpoint | null,
  keep: Keep,
): Promise<TrainingState> => {
  const { engine, spec, recipe } = options;
  const tensors = startingState(graphsOf(options), spec, weights, resume);
  const state = keep(await engine.createState(tensors));
  if (recipe.ema === null) return { state, averages: null };
  return { state, averages: keep(await engine.createState(averagesOf(tensors, weights.keys()))) };
};

/**
 * Compiles the programs for images of `spec`'s size; the one that trains comes first, so that the state lies as it wants it, which is
 * possible while no other program runs over it.
 */
export const createTrainingPrograms = async (
  options: TrainingProgramsOptions,
  { state, averages }: TrainingState,
  stepsPerEpoch: number,
  keep: Keep,
): Promise<TrainingPrograms> => {
  const { engine, spec, recipe, graph } = options;
  const { clipGradients, ema, seed } = recipe;
  const graphs = programGraphs(graph, recipe, spec);
  const compile = async (each: Graph | null): Promise<Program | null> =>
    each === null ? null : keep(await engine.compile(makePlan(fuse(each, engine.fusions)), state));
  const program = keep(await engine.compile(makePlan(fuse(graphs.step, engine.fusions)), state));
  const updating = (await compile(graphs.update)) ?? program;
  const averaging = await compile(graphs.average);
  const averagedNames = averagedStates(spec, graphsOf(options)).map(({ name }) => name);
  const evaluation = keep(evaluationPrograms(engine, spec, averages ?? state, recipe.dtype));

  const dropoutKey = (drawn: number): ProgramInputs => {
    const key: HostTensor = tensor("i32", [2], Int32Array.of(seed, drawn));
    return graph.usesDropout ? { dropoutKey: key } : {};
  };
  return {
    state,
    memory: program.memory,
    step: ({ images, labels, partners, share }, drawn) => {
      const targets = graph.takesShares ? { labels, partners, share } : { labels };
      return program.run({ images, ...targets, ...dropoutKey(drawn) }, "step");
    },
    accumulate: async (index) => {
      if (updating === program) return;
      const decay = scalar("f32", accumulationDecay(index));
      await program.run({ [accumulationDecayInput]: decay }, "update");
    },
    update: async ({ number, learningRate, measured }) => {
      const inputs = {
        [learningRateInput]: scalar("f32", learningRate),
        [updateNumberInput]: scalar("f32", number),
      };
      const [updated, norms] = await Promise.all([
        updating.run(inputs, "update"),
        measured ? updating.run({}, "measure") : null,
        averaging && ema && averageWeights(averaging, averageDecayAt(ema, number, stepsPerEpoch)),
      ]);
      if (norms !== null) return normsOf(norms, learningRate);
      return clipGradients?.by === "norm" ? updateNorms(updated) : {};
    },
    evaluation: async () => {
      if (averages !== null) {
        await averages.write(averagesOf(await state.read(averagedNames.map(averageName)), averagedNames));
      }
      return evaluation.logitsFor;
    },
  };
};
