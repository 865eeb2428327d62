// The reference engine in f32 against itself in f64: what rounding each result costs.
import { createReferenceEngine } from "../../src/engine/reference/engine.ts";
import { runConformance } from "./conformance.ts";

await runConformance({ engineName: "reference", createEngine: createReferenceEngine });
