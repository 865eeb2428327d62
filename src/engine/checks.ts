// What every engine checks of what it is handed, in the same words: states, writes, and the inputs of a run.
import { UsageError } from "../base/errors.ts";
import { elementCount, formatShape, sameShape } from "../base/shape.ts";
import type { NamedTensors } from "../base/tensor.ts";
import type { Part, RunPart } from "../graph/ops.ts";
import type { Value } from "../graph/value.ts";
import type { PartOfPlan } from "../plan/parts.ts";
import type { Plan } from "../plan/plan.ts";
import type { ProgramInputs } from "./contract.ts";

type TensorType = Pick<Value, "dtype" | "shape">;

/** As messages show it: `f32[16, 3, 3, 3]`. */
export const formatType = ({ dtype, shape }: TensorType): string => `${dtype}${formatShape(shape)}`;

export const sameType = (a: TensorType, b: TensorType): boolean => a.dtype === b.dtype && sameShape(a.shape, b.shape);

/** What compile asks: is every state of the graph among the tensors kept, with its shape and type? */
export const checkStates = (plan: Plan, kept: ReadonlyMap<string, TensorType>): void => {
  for (const value of plan.graph.states) {
    const found = kept.get(value.name);
    if (found === undefined) throw new UsageError(`the state has no tensor ${value.name}, which the graph reads`);
    if (!sameType(found, value)) {
      throw new UsageError(
        `${value.name}: the graph takes ${formatType(value)} but the state holds ${formatType(found)}`,
      );
    }
  }
};

/** What write asks: does the state keep every one of the tensors, with its shape and type? */
export const checkWrite = (tensors: NamedTensors, kept: ReadonlyMap<string, TensorType>): void => {
  for (const [name, given] of tensors) {
    const found = kept.get(name);
    if (found === undefined) throw new UsageError(`the state has no tensor ${name}; nothing was written`);
    if (!sameType(found, given)) {
      const types = `the state keeps ${formatType(found)} but was given ${formatType(given)}`;
      throw new UsageError(`${name}: ${types}; nothing was written`);
    }
  }
};

/** What run asks: is every input that the wanted parts read there, with its shape and type? */
export const checkInputs = (
  plan: Plan,
  parts: Readonly<Record<Part, PartOfPlan>>,
  wanted: readonly RunPart[],
  inputs: ProgramInputs,
): void => {
  for (const value of plan.graph.inputs) {
    const given = inputs[value.name];
    if (given === undefined) {
      const reader = wanted.find((part) => parts[part].inputs.has(value.name));
      if (reader === undefined) continue;
      throw new UsageError(`the input ${value.name} is missing: the part ${reader} reads it as ${formatType(value)}`);
    }
    if (!sameType(given, value)) {
      throw new UsageError(`the input ${value.name} should be ${formatType(value)} but is ${formatType(given)}`);
    }
    if (given.data.length !== elementCount(value.shape)) {
      throw new UsageError(`the input ${value.name}, ${formatType(value)}, holds ${given.data.length} elements`);
    }
  }
};
