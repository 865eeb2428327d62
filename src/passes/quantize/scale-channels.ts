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
  const changed = (name: string, factorOf: (index: number, area: number) => number): readonly [string, HostTensor] => {
    const { shape, data } = find(name);
    const area = elementCount(shape.slice(2));
    return [
      name,
      tensor(
        "f32",
        shape,
        Float32Array.from(data, (each, i) => each * factorOf(i, area)),
      ),
    ];
  };
  invariant(maker.bias, "free channels have a bias");
  const weight = maker.conv.operands.weight;
  const length = elementCount(weight.shape) / channels;
  return new Map([
    ...folded,
    changed(weight.name, (i) => scales[Math.floor(i / length)]!),
    changed(maker.bias.operands.bias.name, (i) => scales[i]!),
    ...readers.map(({ operands }) =>
      changed(operands.weight.name, (i, area) => 1 / scales[Math.floor(i / area) % channels]!),
    ),
  ]);
};
