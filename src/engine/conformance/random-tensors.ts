// Values for the inputs and states of a test graph, chosen by name and type, the same at every run.
import { allocate, type DType } from "../../base/dtype.ts";
import { type RandomStream, randomPurposes, randomStream } from "../../base/philox.ts";
import { elementCount } from "../../base/shape.ts";
import { type NamedTensors, tensor } from "../../base/tensor.ts";
import type { Graph } from "../../graph/graph.ts";

/** Floats that are no ordinary activations or weights, by the end of their names. */
const special: readonly (readonly [suffix: string, draw: (random: RandomStream) => number])[] = [
  ["variance", ({ uniform }) => 0.5 + uniform()],
  ["running_var", ({ uniform }) => 0.5 + uniform()],
  ["learningRate", () => 0.1],
  ["square", ({ uniform }) => 0.01 + uniform()],
  ["squaredNorm", ({ uniform }) => 0.5 + uniform()],
  ["updateNumber", () => 3],
  ["decay", () => 0.9],
  ["share", ({ uniform }) => uniform()],
  ["targets", ({ uniform }) => uniform()],
];

/** Normal numbers with some exact zeros, as relu leaves them. */
const ordinary = ({ normal, uniform }: RandomStream): number => (uniform() < 0.05 ? 0 : normal());

const draw = (name: string, dtype: DType, random: RandomStream): number => {
  if (dtype === "i32") return random.below(2); // labels of at least two classes, seeds, steps
  if (dtype === "i8") return random.below(255) - 127; // weights of a quantised network
  return (special.find(([suffix]) => name.endsWith(suffix))?.[1] ?? ordinary)(random);
};

/** One tensor for each input and state. All floats are f32 numbers, so that every engine begins from the same values. */
export const randomTensors = (graph: Graph, seed: number): NamedTensors => {
  const random = randomStream(seed, randomPurposes.synthetic);
  return new Map(
    [...graph.inputs, ...graph.states].map(({ name, dtype, shape }) => {
      const data = allocate(dtype, elementCount(shape));
      for (let i = 0; i < data.length; i++) data[i] = Math.fround(draw(name, dtype, random));
      return [name, tensor(dtype, shape, data)];
    }),
  );
};
