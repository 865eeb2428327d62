// The tensors of a folded network with channels between convolutions scaled: it answers as before.
import { invariant } from "../../base/errors.ts";
import { elementCount } from "../../base/shape.ts";
import { type HostTensor, type NamedTensors, tensor } from "../../base/tensor.ts";
import type { FreeChannels } from "./find-free-channels.ts";

/** Filters and biases of what makes the channels times `scales` [C], columns of the filters that read them divided by it. */
export const scaleChannels = (
  folded: NamedTensors,
  { maker, readers, channels }: FreeChannels,
  scales: Float64Array,
): NamedTensors => {
  const find = (name: string): HostTensor => {
    const found = folded.get(name);
    invariant(found, `no tensor ${name}`);
    return found;
  };
  /** Elements in runs of `length` times the channels' factors in turn, over and over. */
  const changed = (name: string, factors: Float64Array, length: number) => {
    const { shape, data } = find(name);
    const product = new Float32Array(data.length);
    for (let run = 0, i = 0; i < data.length; run++) {
      const factor = factors[run % channels]!;
      for (const end = i + length; i < end; i++) product[i] = data[i]! * factor;
    }
    return [name, tensor("f32", shape, product)] as const;
  };
  invariant(maker.bias, "free channels have a bias");
  const weight = maker.conv.operands.weight;
  const inverses = scales.map((scale) => 1 / scale);
  return new Map<string, HostTensor>([
    ...folded,
    changed(weight.name, scales, elementCount(weight.shape) / channels),
    changed(maker.bias.operands.bias.name, scales, 1),
    ...readers.map(({ operands }) =>
      changed(operands.weight.name, inverses, elementCount(operands.weight.shape.slice(2))),
    ),
  ]);
};
