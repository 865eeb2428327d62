// A network with another head: what fine-tuning for other classes begins with.
import { invariant } from "../base/errors.ts";
import type { NamedTensors } from "../base/tensor.ts";
import { layersOf } from "../spec/layers.ts";
import { parametersOf } from "../spec/parameters.ts";
import type { ResNetSpec } from "../spec/spec.ts";
import { initialTensor } from "./initial-tensors.ts";
import { parameterTable } from "./parameter-table.ts";

/** The names of the head's parameters: the last dense layer's weight and bias. Everything before it is the body. */
export const headParameters = (spec: ResNetSpec): ReadonlySet<string> => {
  const head = layersOf(spec).at(-1);
  invariant(head?.kind === "dense", "a network ends in a dense layer");
  return new Set(parametersOf(head).map(({ name }) => name));
};

/**
 * The network for so many classes, with the tensors of its body as they are (not copied) and a head that starts as in a fresh
 * network of this seed (parameterTable says how: as torch.nn.Linear does).
 */
export const withFreshHead = (
  { spec, tensors }: { readonly spec: ResNetSpec; readonly tensors: NamedTensors },
  classes: number,
  seed: number,
): { readonly spec: ResNetSpec; readonly tensors: NamedTensors } => {
  const changed: ResNetSpec = { ...spec, classes };
  const head = headParameters(changed);
  const fresh = parameterTable(changed).filter(({ name }) => head.has(name));
  return {
    spec: changed,
    tensors: new Map([...tensors, ...fresh.map((entry) => [entry.name, initialTensor(entry, seed)] as const)]),
  };
};
