// The reference engine in f32 against itself in f64: what rounding each result costs.
import { createReferenceEngine } from "../../src/engine/reference/engine.ts";
import { runConformance } from "./conformance.ts";
import { describeTrainingSteps } from "./training-steps.ts";

await runConformance({ engineName: "reference", createEngine: createReferenceEngine });
describeTrainingSteps("reference", createReferenceEngine, ["resnet20", "plain20"], ["resnet20, its body frozen"]);
