// Weights and gradients as they are after an epoch, for whoever draws how they are distributed.
import type { HostTensor, NamedTensors } from "../base/tensor.ts";
import type { ProgramOutputs } from "../engine/contract.ts";
import type { Recipe } from "./recipe.ts";
import type { TrainingGraph } from "./training-graph.ts";

/** After an epoch in which the recipe's histogramEveryEpochs asks for them. Tensors are copies. */
export interface LayerValues {
  readonly step: number;
  readonly epoch: number;
  /** By name: everything that learns. */
  readonly weights: NamedTensors;
  /** Of the loss of the epoch's last good batch, by the names of the weights, before clipping and without weight decay. */
  readonly gradients: NamedTensors;
}

/** `epoch` counts from 1. */
export const isHistogramDue = (
  { histogramEveryEpochs }: Pick<Recipe, "histogramEveryEpochs">,
  epoch: number,
): boolean => histogramEveryEpochs > 0 && epoch % histogramEveryEpochs === 0;

/** Copies the gradients out of a program's outputs. */
export const gradientsOf = (outputs: ProgramOutputs, { gradientOutputs }: TrainingGraph): NamedTensors => {
  const gradients = new Map<string, HostTensor>();
  for (const [weight, output] of gradientOutputs) {
    const tensor = outputs[output];
    if (tensor !== undefined && tensor.dtype === "f32") gradients.set(weight, { ...tensor, data: tensor.data.slice() });
  }
  return gradients;
};
