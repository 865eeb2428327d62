// How a case computes: in a precision or, for int8, as a network of fresh weights that is quantised on seeded synthetic images.
import { UsageError } from "../../base/errors.ts";
import type { NamedTensors } from "../../base/tensor.ts";
import type { Engine } from "../../engine/contract.ts";
import type { ResNetSpec } from "../../spec/spec.ts";
import { calibrate } from "../../train/calibrate.ts";
import type { Arithmetic } from "../../train/evaluation-program.ts";
import { type BenchCase, benchCase, benchInputs, benchState } from "./bench-case.ts";
import type { BenchOptions, BenchType } from "./environment.ts";

export interface BenchNetwork {
  readonly arithmetic: Arithmetic;
  /** Of a quantised network, what its states hold; null where they follow from the case (benchState). */
  readonly tensors: NamedTensors | null;
}

/** By default f32. Throws UsageError for a training in int8. */
export const checkBenchType = ({ what, dtype }: Pick<BenchOptions, "what" | "dtype">): void => {
  if (what !== "train" || dtype !== "int8") return;
  throw new UsageError("bench train: networks learn in f32 or bf16, not in int8; take bench infer --dtype int8");
};

/** Quantises the network of an inference case in f32 for its own images. */
export const quantizeCase = async (engine: Engine, { spec, definition }: BenchCase, tensors: NamedTensors) => {
  const images = tensors.get("images");
  const { shape = [], data } = images ?? {};
  if (!(data instanceof Float32Array)) throw new Error(`${spec.name}: a case of inference has images in f32`);
  const batch = { images: { dtype: "f32", shape, data }, count: shape[0] ?? 0 } as const;
  const states = new Map([...tensors].filter(([name]) => definition.states.some((state) => state.name === name)));
  return calibrate(engine, spec, states, [batch]);
};

/** Images that a network is quantised on: their activations are all kept at once. */
const calibrationBatch = 4;

export const benchNetwork = async (
  engine: Engine,
  spec: ResNetSpec,
  dtype: BenchType,
  seed: number,
): Promise<BenchNetwork> => {
  if (dtype !== "int8") return { arithmetic: dtype, tensors: null };
  const each = benchCase("infer", spec, calibrationBatch);
  const fresh = new Map([...benchState(each, seed), ...Object.entries(benchInputs(each, seed))]);
  const { tensors, quantization } = await quantizeCase(engine, each, fresh);
  return { arithmetic: quantization, tensors };
};
