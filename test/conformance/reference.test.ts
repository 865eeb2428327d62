// The reference engine in f32 and bf16 against itself in f64: what rounding each result costs.
import { precisions } from "../../src/base/dtype.ts";
import { createReferenceEngine } from "../../src/engine/reference/engine.ts";
import { runConformance } from "./conformance.ts";
import { describeTrainingSteps } from "./training-steps.ts";

for (const precision of precisions) {
  await runConformance({ engineName: "reference", precision, createEngine: createReferenceEngine });
}
describeTrainingSteps("reference", createReferenceEngine, ["resnet20", "plain20"], ["resnet20, its body frozen"]);
