// Reading what a training step leaves in a program's outputs. The outputs are buffers of the program: read before its next run.
import { invariant } from "../base/errors.ts";
import type { HostTensor } from "../base/tensor.ts";
import type { ProgramOutputs } from "../engine/contract.ts";
import type { Logits } from "../evaluate/logits.ts";
import { predictedClasses } from "../evaluate/top-k.ts";
import { normOutputs } from "../passes/update.ts";

/** An output that is a single number. */
export const numberOf = (outputs: ProgramOutputs, name: string): number => {
  const value = outputs[name]?.data[0];
  invariant(value !== undefined, `the training program has the output ${name}`);
  return value;
};

const isLogits = (output: HostTensor | undefined): output is Logits => output !== undefined && output.dtype !== "i32";

export const logitsOf = (outputs: ProgramOutputs, name: string): Logits => {
  const logits = outputs[name];
  invariant(isLogits(logits), `the training program has the output ${name}`);
  return logits;
};

/** How many images of a batch are given their label. */
export const countCorrect = (outputs: ProgramOutputs, name: string, labels: HostTensor<"i32">): number => {
  const logits = logitsOf(outputs, name);
  return predictedClasses(logits).reduce((sum, predicted, n) => sum + (predicted === labels.data[n] ? 1 : 0), 0);
};

/** L2 norms over all parameters: of the gradients, of the parameters after the update, and of the update itself. */
export interface Norms {
  readonly gradientNorm: number;
  readonly parameterNorm: number;
  readonly updateNorm: number;
}

/** What is known after an update that clips gradients by their norm. */
export const updateNorms = (outputs: ProgramOutputs): Pick<Norms, "gradientNorm"> => ({
  gradientNorm: Math.sqrt(numberOf(outputs, normOutputs.gradient)),
});

export const normsOf = (outputs: ProgramOutputs, learningRate: number): Norms => ({
  gradientNorm: Math.sqrt(numberOf(outputs, normOutputs.gradient)),
  parameterNorm: Math.sqrt(numberOf(outputs, normOutputs.parameter)),
  updateNorm: learningRate * Math.sqrt(numberOf(outputs, normOutputs.direction)),
});
