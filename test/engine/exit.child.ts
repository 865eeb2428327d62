// Ends the process in the middle of a run, its engine not disposed of: run by exit.test.ts.
import { benchCase, benchInputs, benchState } from "../../src/commands/bench/bench-case.ts";
import { createOneDnnEngine } from "../../src/engine/onednn/engine.ts";
import { makePlan } from "../../src/plan/plan.ts";
import { namedSpec } from "../../src/spec/named-networks.ts";
import { oneDnnOptions } from "./onednn-options.ts";

const each = benchCase("train", namedSpec("resnet20", { input: [3, 32, 32] }), 32);
const engine = await createOneDnnEngine({ ...oneDnnOptions, threads: 2 });
const state = await engine.createState(benchState(each, 1));
const program = await engine.compile(makePlan(each.graph), state);
await program.run(benchInputs(each, 1));
void program.run(benchInputs(each, 1));
setTimeout(() => process.exit(0), 5);
