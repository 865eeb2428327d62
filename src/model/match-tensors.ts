// Whether the tensors of a file are a network's: the same names with the same shapes.
import { FormatError } from "../base/errors.ts";
import { formatShape, sameShape } from "../base/shape.ts";
import { type HostTensor, type NamedTensors, tensor } from "../base/tensor.ts";
import type { ResNetSpec } from "../spec/spec.ts";
import { parameterTable, type TableEntry } from "./parameter-table.ts";

/** How many differing tensors an error names. */
const namedAtMost = 3;

/** Batches that a batch norm has seen: PyTorch counts them in every state dict; nothing here depends on it. */
const isIgnored = (name: string): boolean => name.endsWith(".num_batches_tracked");

const toFloat32 = ({ dtype, shape, data }: HostTensor): HostTensor<"f32"> =>
  tensor("f32", shape, dtype === "f32" && data instanceof Float32Array ? data : Float32Array.from(data));

const differences = (table: readonly TableEntry[], tensors: NamedTensors): readonly string[] => {
  const found: string[] = [];
  for (const { name, shape } of table) {
    const given = tensors.get(name);
    if (given === undefined) found.push(`${name} ${formatShape(shape)} is missing`);
    else if (!sameShape(given.shape, shape)) {
      found.push(`${name} is ${formatShape(given.shape)} but should be ${formatShape(shape)}`);
    } else if (given.dtype === "i32") found.push(`${name} holds integers but should hold floating-point numbers`);
  }
  const expected = new Set(table.map(({ name }) => name));
  for (const [name, { shape }] of tensors) {
    if (!expected.has(name) && !isIgnored(name)) found.push(`${name} ${formatShape(shape)} belongs to no layer`);
  }
  return found;
};

/**
 * The network's tensors, in the order of parameterTable and as f32 (f64 is rounded, f32 shared without a copy).
 *
 * Throws FormatError for `file` when names or shapes differ: it names the first of the tensors that are missing or of
 * another shape, in the network's order, then those that no layer takes.
 */
export const matchTensors = (spec: ResNetSpec, tensors: NamedTensors, file: string): NamedTensors => {
  const table = parameterTable(spec);
  const found = differences(table, tensors);
  if (found.length > 0) {
    const named = found.slice(0, namedAtMost).join("; ");
    const more = found.length > namedAtMost ? `; and ${found.length - namedAtMost} more` : "";
    const network = `${spec.name} for ${formatShape(spec.input)} and ${spec.classes} classes`;
    throw new FormatError(file, `these are not the weights of ${network}: ${named}${more}`);
  }
  return new Map(
    table.flatMap(({ name }) => {
      const given = tensors.get(name);
      return given === undefined ? [] : [[name, toFloat32(given)] as const];
    }),
  );
};
