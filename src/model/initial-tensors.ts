// The first values of a network's tensors, a function of the seed and of each tensor's name alone.
import { randomPurposes, randomStream } from "../base/philox.ts";
import { elementCount } from "../base/shape.ts";
import { type HostTensor, type NamedTensors, tensor } from "../base/tensor.ts";
import type { ResNetSpec } from "../spec/spec.ts";
import { parameterTable, type TableEntry } from "./parameter-table.ts";

/** The 64-bit FNV-1a hash of a name's UTF-16 units, as two 32-bit words. */
const hashName = (name: string): readonly [low: number, high: number] => {
  let hash = 0xcbf29ce484222325n;
  for (let i = 0; i < name.length; i++) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(name.charCodeAt(i))) * 0x100000001b3n);
  }
  return [Number(hash & 0xffffffffn), Number(hash >> 32n)];
};

const within = (most: number, draw: () => number): number => {
  let value = draw();
  while (Math.abs(value) > most) value = draw();
  return value;
};

/** The first values of one tensor. */
export const initialTensor = ({ name, shape, initial }: TableEntry, seed: number): HostTensor<"f32"> => {
  const data = new Float32Array(elementCount(shape));
  if (initial.kind === "constant") return tensor("f32", shape, data.fill(initial.value));
  const { normal, uniform } = randomStream(seed, randomPurposes.initialValues, ...hashName(name));
  const draw = (): number => {
    if (initial.kind === "uniform") return initial.bound * (2 * uniform() - 1);
    return initial.deviation * (initial.kind === "normal" ? normal() : within(2, normal));
  };
  for (let i = 0; i < data.length; i++) data[i] = draw();
  return tensor("f32", shape, data);
};

/**
 * Fresh f32 tensors for a network, in the order of parameterTable, which says how each starts. Each tensor has a random
 * stream of its own, keyed by its name: a network that gains a tensor keeps the values of the others.
 */
export const initialTensors = (spec: ResNetSpec, seed: number): NamedTensors =>
  new Map(parameterTable(spec).map((entry) => [entry.name, initialTensor(entry, seed)]));
