// Times the steps of one point of a cost curve, as a process of its own. Prints one JSON line. Numbers are not checked here: the same
// networks are checked by the cases of the benchmark.
//
//   node dist/bench/curves/our-point.js '{"model": "resnet20", "batch": 128, …}'
import { benchCase, benchInputs, benchSpec, benchState } from "../../src/commands/bench/bench-case.ts";
import { median } from "../../src/commands/bench/spread.ts";
import { flopsOf } from "../../src/graph/cost-rules.ts";
import { fuse } from "../../src/passes/fuse.ts";
import { makePlan } from "../../src/plan/plan.ts";
import { openOneDnn } from "../open-one-dnn.ts";
import type { PointTask } from "./curves-record.ts";

/** The least; where a step takes seconds, no more. */
const fewestSteps = 3;

const task: PointTask = JSON.parse(process.argv[2] ?? ""); // written by measure-curves.ts
const { engine, version } = await openOneDnn(task.threads, "direct");
try {
  const each = benchCase("train", benchSpec(task), task.batch, task.dtype);
  const state = await engine.createState(benchState(each, 0));
  const program = await engine.compile(makePlan(fuse(each.graph, engine.fusions)), state);
  const inputs = benchInputs(each, 0);
  await program.run(inputs);
  const stepSeconds: number[] = [];
  const start = performance.now();
  while (stepSeconds.length < fewestSteps || performance.now() - start < task.seconds * 1000) {
    const before = performance.now();
    await program.run(inputs);
    stepSeconds.push((performance.now() - before) / 1000);
  }
  const timed = each.graph.nodes.filter(({ part }) => part === "step" || part === "update");
  const flops = timed.reduce((sum, node) => sum + flopsOf(node), 0);
  const result = {
    stepSeconds: median(stepSeconds),
    steps: stepSeconds.length,
    gflopPerStep: flops / 1e9,
    arenaBytes: program.memory.arenaBytes,
    peakResidentBytes: process.resourceUsage().maxRSS * 1024, // in KiB
    library: version,
  };
  console.log(JSON.stringify(result));
} finally {
  await engine.dispose();
}
