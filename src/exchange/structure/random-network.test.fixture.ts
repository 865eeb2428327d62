// For tests: tensors of a network in which nothing is 0 or 1 by accident: running statistics, scales and shifts are drawn as well.
import { randomStream } from "../../base/philox.ts";
import { type NamedTensors, tensor } from "../../base/tensor.ts";
import { initialTensors } from "../../model/initial-tensors.ts";
import type { ResNetSpec } from "../../spec/spec.ts";

/** Convolutions start as the spec says; scales and variances lie in 0.5 … 1.5, shifts and means in −0.5 … 0.5. */
export const randomNetwork = (spec: ResNetSpec, seed: number): NamedTensors =>
  new Map(
    [...initialTensors(spec, seed)].map(([name, given], i) => {
      if (given.shape.length !== 1) return [name, given] as const;
      const { uniform } = randomStream(seed, 0, i, 0);
      const around = name.endsWith(".weight") || name.endsWith(".running_var") ? 1 : 0;
      const data = Float32Array.from({ length: given.data.length }, () => around + uniform() - 0.5);
      return [name, tensor("f32", given.shape, data)] as const;
    }),
  );
