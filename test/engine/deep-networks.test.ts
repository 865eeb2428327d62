// Deep networks work: a training step of a thousand layers and more, batch 32, is built and compiled in seconds and fits in 8 GiB.
// Nothing is computed; an arena that is not touched takes no memory of the machine.
import { afterAll, describe, expect, test } from "vitest";
import { elementCount } from "../../src/base/shape.ts";
import { benchCase, benchState } from "../../src/commands/bench/bench-case.ts";
import { fuse } from "../../src/passes/fuse.ts";
import { makePlan } from "../../src/plan/plan.ts";
import { namedSpec } from "../../src/spec/named-networks.ts";
import type { ResNetSpec } from "../../src/spec/spec.ts";
import { openOneDnn } from "./onednn.fixture.ts";

const stagesOf = (spec: ResNetSpec, blocks: number) => spec.stages.map((stage) => ({ ...stage, blocks }));
const resnet110 = namedSpec("resnet110");
const networks: Readonly<Record<string, ResNetSpec>> = {
  resnet1202: { ...resnet110, stages: stagesOf(resnet110, 200) },
  "resnetv2-1001": {
    ...resnet110,
    stages: stagesOf(resnet110, 111),
    block: "bottleneck",
    activation: "pre",
    shortcut: "B",
    strideAt: "first",
  },
};

const allowedSeconds = 15;
const allowedBytes = 8 * 2 ** 30;

/** Of all threads of this process: what a quiet machine takes at most, however busy this one is. */
const processorSeconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

const engine = await openOneDnn();

describe.skipIf(typeof engine === "string")("a training step on oneDNN, batch 32", () => {
  if (typeof engine === "string") return;
  afterAll(() => engine.dispose());

  test.each(Object.keys(networks))(
    "of %s compiles in 15 s and needs at most 8 GiB",
    { timeout: 300_000 },
    async (name) => {
      const began = processorSeconds();
      const each = benchCase("train", networks[name]!, 32);
      const plan = makePlan(fuse(each.graph, engine.fusions));
      const state = await engine.createState(benchState(each, 0));
      const program = await engine.compile(plan, state);
      const seconds = processorSeconds() - began;
      const stateBytes = each.graph.states.reduce((sum, { shape }) => sum + 4 * elementCount(shape), 0);
      const { arenaBytes, lowerBoundBytes } = program.memory;
      console.info(
        `${name}: ${each.graph.nodes.length} nodes, ${program.implementations.length} calls, ${seconds.toFixed(1)} s; arena ${Math.round(arenaBytes / 2 ** 20)} MiB, ${(arenaBytes / lowerBoundBytes).toFixed(3)} of the lower bound`,
      );
      expect(seconds).toBeLessThan(allowedSeconds);
      expect(arenaBytes + stateBytes).toBeLessThan(allowedBytes);
      await program.dispose();
      await state.dispose();
    },
  );
});
