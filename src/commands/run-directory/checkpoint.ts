// A checkpoint as data, and the two files that hold it. When and under which name they are written: checkpoint-store.ts.
import { join } from "node:path";
import { FormatError, invariant } from "../../base/errors.ts";
import type { NamedTensors } from "../../base/tensor.ts";
import { readTensorsFile } from "../../checkpoint/node/tensors-file.ts";
import { tensorParts } from "../../checkpoint/safetensors.ts";

/** Everything that training goes on from. */
export interface Checkpoint {
  /** Training steps done. */
  readonly step: number;
  /** Epochs done. */
  readonly epoch: number;
  /** Parameters and running statistics, under torchvision's names. */
  readonly model: NamedTensors;
  /** `spec`, `classes` and `preprocessing` as JSON texts: with them the model's file alone is enough to predict. */
  readonly modelMetadata: Readonly<Record<string, string>>;
  /** Momenta, averages, accumulators. */
  readonly state: NamedTensors;
  /** The seed and whatever else is counted; finite numbers, under names other than `step` and `epoch`. */
  readonly counters: Readonly<Record<string, number>>;
}

export const modelFile = "model.safetensors";
export const stateFile = "state.safetensors";

/** The checkpoint's files, by name, each in the pieces that make it up. */
export const checkpointFiles = (checkpoint: Checkpoint): ReadonlyMap<string, readonly Uint8Array[]> => {
  const { step, epoch, model, modelMetadata, state, counters } = checkpoint;
  const metadata: Record<string, string> = {};
  for (const [name, value] of [["step", step], ["epoch", epoch], ...Object.entries(counters)] as const) {
    invariant(!Object.hasOwn(metadata, name), `a counter of a checkpoint can't be named ${name}`);
    invariant(Number.isFinite(value), `counter ${name} of a checkpoint is ${value}`);
    metadata[name] = String(value);
  }
  return new Map([
    [modelFile, tensorParts({ tensors: model, metadata: modelMetadata })],
    [stateFile, tensorParts({ tensors: state, metadata })],
  ]);
};

/** Reads the two files of a checkpoint directory. Throws UsageError (missing), FormatError (damaged). */
export const readCheckpoint = async (directory: string): Promise<Checkpoint> => {
  const model = await readTensorsFile(join(directory, modelFile));
  const file = join(directory, stateFile);
  const state = await readTensorsFile(file);
  const numbers = new Map(Object.entries(state.metadata).map(([name, text]) => [name, Number(text)]));
  const counter = (name: string): number => {
    const value = numbers.get(name);
    if (value === undefined || !Number.isSafeInteger(value) || value < 0) {
      throw new FormatError(file, `its metadata should hold ${name}, a whole number, but hold ${state.metadata[name]}`);
    }
    numbers.delete(name);
    return value;
  };
  const [step, epoch] = [counter("step"), counter("epoch")];
  for (const [name, value] of numbers) {
    if (!Number.isFinite(value)) {
      throw new FormatError(
        file,
        `its metadata's ${name} should be a number but is ${JSON.stringify(state.metadata[name])}`,
      );
    }
  }
  const counters = Object.fromEntries(numbers);
  return { step, epoch, model: model.tensors, modelMetadata: model.metadata, state: state.tensors, counters };
};
