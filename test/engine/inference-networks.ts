// One small network of each kind that is evaluated: what folding, fusions and layouts of inference are tested on.

import { randomPurposes, randomStream } from "../../src/base/philox.ts";
import { type NamedTensors, tensor, zeros } from "../../src/base/tensor.ts";
import { initialTensors } from "../../src/model/initial-tensors.ts";
import { parameterTable } from "../../src/model/parameter-table.ts";
import { ablations } from "../../src/spec/families.ts";
import { namedSpec, resnet } from "../../src/spec/named-networks.ts";
import type { ResNetSpec } from "../../src/spec/spec.ts";

/** The blocks of ImageNet's networks, with and without a projection, in two stages instead of four. */
const short = {
  input: [3, 32, 32],
  classes: 10,
  stages: [
    { blocks: 2, width: 64, stride: 1 },
    { blocks: 2, width: 128, stride: 2 },
  ],
} as const;
const small = [3, 16, 16] as const;

export const inferenceNetworks: readonly (readonly [title: string, spec: ResNetSpec])[] = [
  ["v1", namedSpec("resnet50_v1", short)],
  ["v1.5", namedSpec("resnet50", short)],
  ["v1, basic blocks", namedSpec("resnet18", short)],
  ["v2", namedSpec("resnetv2-50", short)],
  ["ResNeXt", namedSpec("resnext50-32x4d", short)],
  ["ResNet-D", namedSpec("resnet50-d", short)],
  ["option A", namedSpec("resnet20", { input: small })],
  ["option A, v2", namedSpec("resnetv2-20", { input: small })],
  ["plain", namedSpec("plain20", { input: small })],
  ["biased convolutions", resnet(20, { convolutionBias: true, input: small })],
  ...ablations.map(([title, , options]) => [title, resnet(20, { ...options, input: small })] as const),
];

/** Weights and statistics as a training leaves them rather than fresh: no scale is 1, no mean 0. Images of normal noise. */
export const trainedTensors = (spec: ResNetSpec, batch: number): NamedTensors => {
  const { normal, uniform } = randomStream(7, randomPurposes.synthetic);
  const initial = initialTensors(spec, 3);
  const draws: Readonly<Record<string, () => number>> = {
    // Branches that are small beside their shortcuts keep a deep network well conditioned.
    scale: () => 0.3 + 0.2 * uniform(),
    shift: () => 0.1 * normal(),
    bias: () => 0.1 * normal(),
    runningMean: () => 0.2 * normal(),
    runningVariance: () => 0.5 + uniform(),
  };
  const entries = parameterTable(spec).map(({ name, role, shape }) => {
    const draw = draws[role];
    if (draw === undefined) return [name, initial.get(name) ?? zeros("f32", shape)] as const;
    const values = zeros("f32", shape);
    for (let i = 0; i < values.data.length; i++) values.data[i] = draw();
    return [name, values] as const;
  });
  const images = Float32Array.from({ length: batch * spec.input[0] * spec.input[1] * spec.input[2] }, normal);
  return new Map([...entries, ["images", tensor("f32", [batch, ...spec.input], images)]]);
};
