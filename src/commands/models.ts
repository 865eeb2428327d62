// `residual models`: every named network with its size, as data. Printing is the command line's.
import { countMacs, countParameters } from "../spec/counts.ts";
import { namedNetworks, namedSpec } from "../spec/named-networks.ts";
import type { MapShape } from "../spec/spec.ts";

export interface ModelEntry {
  readonly name: string;
  readonly family: string;
  /** Learned numbers, for this input and these classes. */
  readonly parameters: number;
  /** Multiply-accumulates of convolutions and dense layers for one image. */
  readonly macs: number;
  readonly input: MapShape;
  readonly classes: number;
}

/** The named networks, each for the images and classes of the benchmark that the paper used. */
export const models = (): readonly ModelEntry[] =>
  namedNetworks.map(({ name, family }) => {
    const spec = namedSpec(name);
    const { input, classes } = spec;
    return { name, family, parameters: countParameters(spec), macs: countMacs(spec), input, classes };
  });
