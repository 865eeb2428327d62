// In what activations are computed: the person's `--dtype`, and what an engine has to say to it.
import { type Precision, precisions } from "../base/dtype.ts";
import { UsageError } from "../base/errors.ts";
import { nearest } from "../base/nearest.ts";
import type { Engine } from "../engine/contract.ts";
import type { Arithmetic } from "../train/evaluation-program.ts";
import type { CommandEnvironment } from "./environment.ts";
import type { TrainedModel } from "./trained-model.ts";

/** By default f32. Throws UsageError for a type that activations can't have. */
export const precisionOf = (dtype: string = "f32"): Precision => {
  if (dtype === "int8") {
    throw new UsageError(
      "--dtype int8 is for bench; other commands compute so with quantised weights: residual quantize <weights> <out> --calibrate <data>",
    );
  }
  const precision = precisions.find((known) => known === dtype);
  if (precision !== undefined) return precision;
  const near = nearest(dtype, precisions);
  const remedy = near === null ? "" : `; did you mean "${near}"?`;
  throw new UsageError(
    `--dtype should be ${precisions.map((known) => `"${known}"`).join(" or ")} but is "${dtype}"${remedy}`,
  );
};

/**
 * How a model computes: as the person says, or quantised, where the model is. Throws UsageError where a type is asked of a quantised
 * model.
 */
export const arithmeticOf = (
  { quantization }: Pick<TrainedModel, "quantization">,
  dtype: string | undefined,
): Arithmetic => {
  if (quantization === undefined) return precisionOf(dtype);
  if (dtype === undefined) return quantization;
  throw new UsageError(`the weights are quantised, so --dtype ${dtype} can't be had of them; leave it out`);
};

/** Throws UsageError where the engine can't compute on bytes on this machine; `asked` begins the sentence, `instead` ends it. */
export const checkBytes = ({ name, int8 }: Pick<Engine, "name" | "int8">, asked: string, instead: string): void => {
  if (int8) return;
  throw new UsageError(
    `${asked}: the engine ${name} computes on bytes only with AVX-512's instructions for them (VNNI), which this processor lacks; ${instead}, or --engine reference`,
  );
};

/** Throws UsageError where the engine has no bf16, or no bytes, on this machine; warns where bf16 is slower than f32. */
export const checkPrecision = (
  precision: Arithmetic,
  { name, bf16, int8 }: Pick<Engine, "name" | "bf16" | "int8">,
  { onEvent }: Pick<CommandEnvironment, "onEvent">,
): void => {
  if (typeof precision !== "string") {
    checkBytes({ name, int8 }, "the weights are quantised", "take the weights in f32 that these were made from");
  }
  if (precision !== "bf16" || bf16 === "fast") return;
  if (bf16 === "none") {
    throw new UsageError(
      `--dtype bf16: the engine ${name} computes in bf16 only on processors with AVX-512, which this one lacks; take --dtype f32`,
    );
  }
  const message =
    `this processor has no instructions for bf16: the engine ${name} computes in f32 and converts, ` +
    "which saves memory but takes longer than --dtype f32";
  onEvent({ event: "warning", message });
};
