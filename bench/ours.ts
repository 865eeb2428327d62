// One round of ours, as a process of its own: `check` compares the numbers with f64, `time` times whole steps, `roof` measures
// large matrix products. Apart, so that the peak resident memory of `time` is that of a training alone. Prints one JSON line.
//
//   node dist/bench/ours.js '{"task": "time", "what": "train", "model": "resnet20", …}'
import { benchSpec } from "../src/commands/bench/bench-case.ts";
import { checkNumbers } from "../src/commands/bench/check-numbers.ts";
import { type BenchEnvironment, type BenchOptions, bench, measureRoof } from "../src/commands/bench.ts";
import { checkGraph } from "../src/engine/conformance/check-graph.ts";
import type { Engine } from "../src/engine/contract.ts";
import { openOneDnn } from "./open-one-dnn.ts";
import type { OurTask } from "./our-task.ts";
import { thisMachine } from "./this-machine.ts";

const environmentFor = (engine: Engine): BenchEnvironment => {
  const { cpu, cores, memoryBytes } = thisMachine();
  return {
    openEngine: async () => engine,
    checkGraph,
    now: () => performance.now(),
    hardware: { cpu, cores, memoryBytes },
  };
};

const perform = async (task: OurTask, engine: Engine): Promise<object> => {
  const options: BenchOptions = { ...task, engine: "onednn", check: false, roof: false };
  const environment = environmentFor(engine);
  if (task.task === "roof") return { gflops: await measureRoof(engine, task.dtype) };
  if (task.task === "check") return checkNumbers(engine, task, benchSpec(options), 0, environment);
  const { implementations, ...report } = await bench(options, environment);
  return report;
};

const main = async (text: string): Promise<void> => {
  const task: OurTask = JSON.parse(text); // written by run.ts
  const { engine, version } = await openOneDnn(task.threads, task.convolution);
  try {
    const result = await perform(task, engine);
    const peakResidentBytes = process.resourceUsage().maxRSS * 1024; // in KiB
    console.log(JSON.stringify({ ...result, peakResidentBytes, library: version }));
  } finally {
    if (task.task !== "time") await engine.dispose(); // bench disposes of its own
  }
};

await main(process.argv[2] ?? "");
