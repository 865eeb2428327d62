// What the arena takes beyond the bytes that are alive at once: arena ÷ lower bound, for a training of ResNet-50. Nothing is computed, and no page of the arena touched.
import { afterAll, describe, expect, test } from "vitest";
import { dtypeBytes } from "../../src/base/dtype.ts";
import { elementCount } from "../../src/base/shape.ts";
import { benchCase, benchSpec, benchState } from "../../src/commands/bench/bench-case.ts";
import { resultsOf } from "../../src/graph/graph.ts";
import { fuse } from "../../src/passes/fuse.ts";
import { type Interval, type MemoryPlan, planMemory } from "../../src/plan/memory.ts";
import { makePlan, type Plan } from "../../src/plan/plan.ts";
import { openOneDnn } from "./onednn.fixture.ts";

const largestRatio = 1.05;
const ratio = ({ arenaBytes, lowerBoundBytes }: MemoryPlan): number => arenaBytes / lowerBoundBytes;
const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;
const report = (what: string, memory: MemoryPlan): void =>
  console.info(
    `${what}: arena ${mebibytes(memory.arenaBytes)}, lower bound ${mebibytes(memory.lowerBoundBytes)}, ratio ${ratio(memory).toFixed(3)}`,
  );

/** The values that nodes make, but those that become states: they are made in the state's own memory. */
const intervalsOf = ({ graph, order, lifetimes }: Plan): readonly Interval[] => {
  const inState = new Set(graph.updates.map(({ value }) => value.name));
  return order.flatMap((node) =>
    resultsOf(node).flatMap(([, { name, shape, dtype }]): readonly Interval[] => {
      const lifetime = lifetimes.get(name);
      if (lifetime === undefined || inState.has(name)) return [];
      return [{ name, bytes: elementCount(shape) * dtypeBytes[dtype], ...lifetime }];
    }),
  );
};

test.each(["f32", "bf16"] as const)(
  "a training step of resnet50, batch 16, 224×224, in %s, is laid out within a twentieth of the bytes alive at once, in less than a second",
  (dtype) => {
    const { graph } = benchCase("train", benchSpec({ model: "resnet50" }), 16, dtype);
    const intervals = intervalsOf(makePlan(graph));
    const start = performance.now();
    const memory = planMemory(intervals);
    expect(performance.now() - start).toBeLessThan(1000); // some 3 ms
    report(`resnet50 as planned, batch 16, ${dtype}`, memory);
    expect(memory.lowerBoundBytes).toBeGreaterThan(5 * 10 ** 8); // activations kept for the backward pass
    expect(ratio(memory)).toBeLessThanOrEqual(largestRatio);
  },
);

const engine = await openOneDnn();

describe.skipIf(typeof engine === "string")("the oneDNN engine's program, reorders and workspaces included", () => {
  if (typeof engine === "string") return;
  afterAll(() => engine.dispose());

  test.each(["f32", "bf16"] as const)(
    "of resnet50, batch 16, 224×224, in %s, is laid out within a twentieth of the bytes alive at once",
    {
      timeout: 120_000,
    },
    async (dtype) => {
      const each = benchCase("train", benchSpec({ model: "resnet50" }), 16, dtype);
      const state = await engine.createState(benchState(each, 0));
      const program = await engine.compile(makePlan(fuse(each.graph, engine.fusions)), state);
      report(`resnet50 on oneDNN, batch 16, ${dtype}`, program.memory);
      expect(program.memory.lowerBoundBytes).toBeGreaterThan(5 * 10 ** 8);
      expect(ratio(program.memory)).toBeLessThanOrEqual(largestRatio);
      await program.dispose();
      await state.dispose();
    },
  );
});
