// The CPU engine against the reference in f64: every operation, every fusion, whole training steps.
import { precisions } from "../../src/base/dtype.ts";
import { createOneDnnEngine } from "../../src/engine/onednn/engine.ts";
import { oneDnnOptions } from "../engine/onednn-options.ts";
import { runConformance } from "./conformance.ts";
import { describeFastCode } from "./fast-code.ts";
import { describeBf16Steps, describeTrainingSteps } from "./training-steps.ts";

const createEngine = () => createOneDnnEngine(oneDnnOptions);

for (const precision of precisions) {
  await runConformance({
    engineName: "onednn",
    precision,
    createEngine,
    skip: [{ reason: "the winners are the library's workspace", cases: ["maxPool: the winners"] }],
  });
}
const quick = [
  "multiply",
  "sigmoid",
  "sigmoidBackward",
  "affine",
  "addBias",
  "sumPerChannel",
  "averagePool",
  "averagePoolBackward",
] as const;
for (const precision of precisions) describeFastCode(createEngine, precision, quick);
describeTrainingSteps(
  "onednn",
  createEngine,
  ["resnet20", "plain20", "resnet18", "resnet50"],
  ["resnet18, its batch norms' statistics fixed", "resnet20, its stem and a stage frozen", "resnet20, its body frozen"],
);
describeBf16Steps("onednn", createEngine, ["resnet20", "resnet18", "resnet50"], ["resnet20"]);
