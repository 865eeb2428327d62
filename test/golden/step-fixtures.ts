// The goldens of one training step each, for every kind of network: tools/goldens/step_networks.py made them and says what
// each entry is.
import { readdirSync } from "node:fs";
import { namedSpec } from "../../src/spec/named-networks.ts";
import { parseSpec } from "../../src/spec/parse-spec.ts";
import type { MapShape, ResNetSpec } from "../../src/spec/spec.ts";
import { fixturesFolder, readFixtureBytes } from "./fixtures.ts";

/** A digest without the shape: norm, sum, f32Error, f32MaxError, then the kept elements. */
export type CompactDigest = readonly [
  norm: number,
  sum: number,
  f32Error: number,
  f32MaxError: number,
  ...samples: number[],
];
export type CompactDigests = Readonly<Record<string, CompactDigest>>;

export interface StepGolden {
  readonly case: {
    /** A whole network by its name here, else a spec of its own. */
    readonly model?: string;
    readonly spec?: object;
    readonly input: MapShape;
    readonly classes: number;
    readonly batch: number;
    readonly seed: number;
    /** No ReLU's input was nearer to 0 than so many times f32's error at its place. */
    readonly margin: number;
    /** The batch norm that ends a block, where weights are calm (formula.ts); else empty. */
    readonly closing: string;
  };
  readonly samples: { readonly logits: number; readonly gradient: number; readonly running: number };
  readonly evaluationLogits: CompactDigest;
  readonly loss: number;
  readonly logits: CompactDigest;
  readonly gradients: CompactDigests;
  readonly running: CompactDigests;
}

const pattern = /^step-(.+)\.golden\.json$/;

/** Of all such goldens, in the order of the alphabet. */
export const stepNames: readonly string[] = readdirSync(fixturesFolder)
  .flatMap((file) => pattern.exec(file)?.[1] ?? [])
  .sort();

export const readStepGolden = (name: string): StepGolden =>
  JSON.parse(readFixtureBytes(`step-${name}.golden.json`).toString("utf8"));

/** The network of a golden. */
export const specOf = ({ case: { model, spec, input, classes } }: StepGolden): ResNetSpec =>
  model === undefined ? parseSpec(spec, "golden") : namedSpec(model, { input, classes });

/** Whether the network is a named one, whole: millions of weights. */
export const isLarge = ({ case: { model } }: StepGolden): boolean => model !== undefined;
