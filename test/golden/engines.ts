// The engines that the goldens are run on, each with its dtypes. Another engine is one more line here.
import type { FloatDType } from "../../src/base/dtype.ts";
import type { Engine } from "../../src/engine/contract.ts";
import { createReferenceEngine } from "../../src/engine/reference/engine.ts";
import { defaultSafety } from "./tolerance.ts";

export interface GoldenEngine {
  readonly name: Engine["name"];
  readonly dtypes: readonly FloatDType[];
  /** See tolerance.ts; larger where convolutions are Winograd's. */
  readonly safety: number;
  /** Does it follow whole networks for ten steps, or only the first of each and the small ones? */
  readonly fast: boolean;
  readonly open: () => Promise<Engine>;
}

export const goldenEngines: readonly GoldenEngine[] = [
  {
    name: "reference",
    dtypes: ["f64", "f32"],
    safety: defaultSafety,
    fast: false,
    open: createReferenceEngine,
  },
];
