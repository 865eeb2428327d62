// What a network begins with under a recipe: its spec's initial values, with the scales that the recipe wants to be 0.
import { UsageError } from "../base/errors.ts";
import { type NamedTensors, zeros } from "../base/tensor.ts";
import { initialTensors } from "../model/initial-tensors.ts";
import { layersOf } from "../spec/layers.ts";
import type { ResNetSpec } from "../spec/spec.ts";
import type { Recipe } from "./recipe.ts";

/** Batch norms that are the last layer of a residual branch, right before the addition. */
const closingBatchNorms = (spec: ResNetSpec): readonly string[] => {
  const layers = layersOf(spec);
  const norms = new Set(layers.filter(({ kind }) => kind === "batchNorm").map(({ name }) => name));
  return layers.flatMap((layer) => (layer.kind === "add" && norms.has(layer.a) ? [layer.a] : []));
};

/** Throws UsageError when no branch of the network ends in a batch norm whose scale could be 0. */
export const freshTensors = (
  spec: ResNetSpec,
  { seed, zeroLastGamma }: Pick<Recipe, "seed" | "zeroLastGamma">,
): NamedTensors => {
  const tensors = new Map(initialTensors(spec, seed));
  if (!zeroLastGamma) return tensors;
  const names = closingBatchNorms(spec).map((name) => `${name}.weight`);
  if (names.length === 0) {
    throw new UsageError(`zeroLastGamma: no residual branch of ${spec.name} ends in a batch norm; leave it out`);
  }
  for (const name of names) tensors.set(name, zeros("f32", tensors.get(name)?.shape ?? []));
  return tensors;
};
