// The engines that the goldens are run on: with which dtypes, on which networks, how far. Another engine is one more entry.
import type { FloatDType } from "../../src/base/dtype.ts";
import { MissingError } from "../../src/base/errors.ts";
import type { Engine } from "../../src/engine/contract.ts";
import { createOneDnnEngine } from "../../src/engine/onednn/engine.ts";
import { createReferenceEngine } from "../../src/engine/reference/engine.ts";
import { oneDnnOptions } from "../engine/onednn-options.ts";
import { type NetworkName, networkNames } from "./fixtures.ts";
import { defaultSafety, winogradSafety } from "./tolerance.ts";

export interface GoldenEngine {
  readonly name: string;
  /** In which single operations are compared. */
  readonly dtypes: readonly FloatDType[];
  /** See tolerance.ts. */
  readonly safety: number;
  /** At most 10 steps; with fewer, the parameters' changes after the tenth are not compared. */
  readonly networks: readonly { readonly model: NetworkName; readonly dtype: FloatDType; readonly steps: number }[];
  /** Operations that it can't compute yet, each with the start of what it says: the test makes sure that it refuses them. */
  readonly limits: Readonly<Record<string, string>>;
  readonly open: () => Promise<Engine>;
}

const wholeF32 = networkNames.map((model) => ({ model, dtype: "f32", steps: 10 }) as const);

const oneDnn = (convolution: "direct" | "auto"): Promise<Engine> =>
  createOneDnnEngine({ ...oneDnnOptions, convolution });

export const goldenEngines: readonly GoldenEngine[] = [
  {
    name: "reference",
    dtypes: ["f64", "f32"],
    safety: defaultSafety,
    // Plain loops: a step of resnet18 or resnet50 takes some ten seconds.
    networks: [
      { model: "resnet20", dtype: "f64", steps: 10 },
      { model: "resnet20", dtype: "f32", steps: 10 },
      { model: "plain20", dtype: "f64", steps: 10 },
      { model: "resnet18", dtype: "f64", steps: 1 },
      { model: "resnet50", dtype: "f64", steps: 1 },
    ],
    limits: {},
    open: createReferenceEngine,
  },
  {
    name: "onednn, direct convolutions",
    dtypes: ["f32"],
    safety: defaultSafety,
    networks: wholeF32,
    limits: {},
    open: () => oneDnn("direct"),
  },
  {
    name: "onednn, convolutions of its own choice",
    dtypes: ["f32"],
    safety: winogradSafety,
    networks: [{ model: "resnet18", dtype: "f32", steps: 1 }],
    limits: {},
    open: () => oneDnn("auto"),
  },
];

/** The engine or, where its library is missing, the reason why it is skipped. */
export const openOrReason = async ({ open }: Pick<GoldenEngine, "open">): Promise<Engine | string> => {
  try {
    return await open();
  } catch (error) {
    if (error instanceof MissingError) return error.message;
    throw error;
  }
};
