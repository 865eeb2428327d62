// Compiles, runs and disposes of a small training step over and over: resident memory must stay level.
//
// The step has 121 calls, an arena of 668 KiB and a state of 153 KiB, so that every kind of thing that could be forgotten shows
// within 200 cycles: an arena 130 MiB, a state 30 MiB, the descriptors of primitives (some 6 KiB each) 140 MiB, memory objects
// (700 bytes each, three a call) 50 MiB. The bound lies far below the least of them and above what the heaps of two threads still
// move by once they are warm (1 MiB was seen). A single forgotten descriptor a cycle, 140 KiB in all, could not be seen this way.
import { afterAll, describe, expect, test } from "vitest";
import { benchCase, benchInputs, benchState } from "../../src/commands/bench/bench-case.ts";
import { median } from "../../src/commands/bench/spread.ts";
import type { Program, State } from "../../src/engine/contract.ts";
import { fuse } from "../../src/passes/fuse.ts";
import { makePlan } from "../../src/plan/plan.ts";
import { namedSpec } from "../../src/spec/named-networks.ts";
import { openOneDnn } from "./onednn.fixture.ts";

const warmupCycles = 150;
const cycles = 200;
const boundBytes = 8 * 2 ** 20;

const engine = await openOneDnn();

describe.skipIf(typeof engine === "string")("the oneDNN engine", () => {
  if (typeof engine === "string") return;
  afterAll(() => engine.dispose());

  const stages = [
    { blocks: 1, width: 16, stride: 1 },
    { blocks: 1, width: 32, stride: 2 },
  ];
  const each = benchCase("train", namedSpec("resnet20", { input: [3, 16, 16], stages }), 4);
  const plan = makePlan(fuse(each.graph, engine.fusions));
  const inputs = benchInputs(each, 1);
  const tensors = benchState(each, 1);

  const open = async (): Promise<{ state: State; program: Program }> => {
    const state = await engine.createState(tensors);
    const program = await engine.compile(plan, state);
    await program.run(inputs);
    return { state, program };
  };
  /** The median resident memory of the last quarter of so many cycles: single garbage collections don't move it. */
  const residentAfter = async (n: number): Promise<number> => {
    const resident: number[] = [];
    for (let cycle = 0; cycle < n; cycle++) {
      const { state, program } = await open();
      await program.dispose();
      await state.dispose();
      resident.push(process.memoryUsage.rss());
    }
    return median(resident.slice(-Math.ceil(n / 4)));
  };

  test(`keeps nothing of ${cycles} programs and states that were disposed of`, { timeout: 60_000 }, async () => {
    const before = await residentAfter(warmupCycles);
    const after = await residentAfter(cycles);
    expect(after - before).toBeLessThan(boundBytes);
  });

  test("would be seen to keep states and programs that were not disposed of", { timeout: 60_000 }, async () => {
    const before = process.memoryUsage.rss();
    const kept = [];
    for (let cycle = 0; cycle < cycles / 4; cycle++) kept.push(await open());
    expect(process.memoryUsage.rss() - before).toBeGreaterThan(boundBytes);
    for (const { state, program } of kept) {
      await program.dispose();
      await state.dispose();
    }
  });
});
