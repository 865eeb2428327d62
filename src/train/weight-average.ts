// The moving average of the weights: a small program of its own over the training's state, run after those updates that it follows.
// Batch norm's running statistics are averaged as well, as torchvision (use_buffers) and timm's ModelEma do.
import { type HostTensor, type NamedTensors, scalar } from "../base/tensor.ts";
import type { Program } from "../engine/contract.ts";
import { GraphBuilder } from "../graph/builder.ts";
import type { Graph } from "../graph/graph.ts";
import type { HostValue } from "../graph/value.ts";
import { parameterTable } from "../model/parameter-table.ts";
import type { ResNetSpec } from "../spec/spec.ts";
import type { WeightAveraging } from "./recipe.ts";
import { spanSteps } from "./span.ts";

const decayInput = "averageDecay";
const averageSuffix = ".average";
const rawSuffix = ".raw";

/** What of a network is averaged: all that the graphs update, its running statistics too. Frozen tensors stay as they are. */
export const averagedStates = (spec: ResNetSpec, graphs: readonly Graph[]): readonly HostValue[] => {
  const ofModel = new Set(parameterTable(spec).map(({ name }) => name));
  return graphs.flatMap(({ updates }) => updates.map(({ state }) => state)).filter(({ name }) => ofModel.has(name));
};

/** For each of the tensors x a state `x.average`, and the part update  average ← d · average + (1 − d) · x. */
export const averagingGraph = (tensors: readonly HostValue[]): Graph => {
  const builder = new GraphBuilder();
  const decay = builder.input(decayInput, "f32", []);
  builder.part("update");
  for (const { name, dtype, shape } of tensors) {
    const average = builder.state(averageName(name), dtype, shape);
    const operands = { average, value: builder.state(name, dtype, shape), decay };
    builder.update(average, builder.add("movingAverage", `${average.name}.next`, operands, {}).y);
  }
  return builder.build();
};

/**
 * The d of the average after so many updates; null where this one isn't averaged. 0 until the warm-up has passed: the average is then
 * the weights themselves (torchvision's train.py during the learning rate's warm-up).
 */
export const averageDecayAt = (
  { decay, warmup, everySteps }: WeightAveraging,
  updates: number,
  stepsPerEpoch: number,
): number | null => {
  if (updates % everySteps !== 0) return null;
  return warmup !== null && updates <= spanSteps(warmup, stepsPerEpoch) ? 0 : decay;
};

/** Runs the averaging program, if it is due. */
export const averageWeights = async (program: Program, decay: number | null): Promise<void> => {
  if (decay !== null) await program.run({ [decayInput]: scalar("f32", decay) }, "update");
};

/** The averages of a state's tensors, under the tensors' own names; tensors that aren't averaged (frozen ones) as they are. */
export const averagesOf = (tensors: NamedTensors, names: Iterable<string>): NamedTensors =>
  new Map(
    [...names].flatMap((name) => {
      const tensor = tensors.get(averageName(name)) ?? tensors.get(name);
      return tensor === undefined ? [] : [[name, tensor] as const];
    }),
  );

/** Names of the tensors of averaging: that of a tensor's average in the state, and at rest that of the tensor itself. */
export const averageName = (tensor: string): string => `${tensor}${averageSuffix}`;
export const rawName = (tensor: string): string => `${tensor}${rawSuffix}`;
const averagedBy = (average: string): string | null =>
  average.endsWith(averageSuffix) ? average.slice(0, -averageSuffix.length) : null;

/** At rest the model is the average; the tensors that training goes on from stand beside it as `x.raw`. */
export const toRest = (
  tensors: NamedTensors,
  ofModel: ReadonlySet<string>,
): { readonly model: NamedTensors; readonly others: NamedTensors } => {
  const others = new Map<string, HostTensor>();
  for (const [name, tensor] of tensors) {
    if (!ofModel.has(name)) {
      if (averagedBy(name) === null) others.set(name, tensor);
    } else if (tensors.has(averageName(name))) others.set(rawName(name), tensor);
  }
  return { model: averagesOf(tensors, ofModel), others };
};

/** Of a state's name: where its tensor is found at rest, in the model or beside it. */
export const placeAtRest = (
  name: string,
  ofModel: ReadonlySet<string>,
  averaged: ReadonlySet<string>,
): { readonly of: "model" | "others"; readonly name: string } => {
  const source = averagedBy(name);
  if (source !== null && averaged.has(source)) return { of: "model", name: source };
  if (averaged.has(name)) return { of: "others", name: rawName(name) };
  return { of: ofModel.has(name) ? "model" : "others", name };
};

/** Whether tensors beside a model are those of a training that averages. */
export const holdsRaw = (others: NamedTensors): boolean => [...others.keys()].some((name) => name.endsWith(rawSuffix));
