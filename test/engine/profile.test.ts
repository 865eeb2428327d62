// A program's profile: what `residual bench` tells JavaScript's share and the roof by.
import { afterAll, describe, expect, test } from "vitest";
import { benchCase, benchInputs, benchSpec, benchState } from "../../src/commands/bench/bench-case.ts";
import { measureRoof } from "../../src/commands/bench/measure-roof.ts";
import { profileReport, profileRuns } from "../../src/commands/bench/profile.ts";
import { fuse } from "../../src/passes/fuse.ts";
import { makePlan } from "../../src/plan/plan.ts";
import { openOneDnn } from "./onednn.fixture.ts";

const engine = await openOneDnn();

describe.skipIf(typeof engine === "string")("the oneDNN engine", () => {
  if (typeof engine === "string") return;
  afterAll(() => engine.dispose());

  test("profile(inputs) computes what run computes, and gives seconds for exactly the calls of its parts", async () => {
    const each = benchCase("train", benchSpec({ model: "resnet20", image: 16 }), 4);
    const plan = makePlan(fuse(each.graph, engine.fusions));
    const inputs = benchInputs(each, 1);
    const [ran, profiled] = [
      await engine.createState(benchState(each, 1)),
      await engine.createState(benchState(each, 1)),
    ];
    const first = await engine.compile(plan, ran);
    const second = await engine.compile(plan, profiled);
    expect((await second.profile?.(inputs, "step"))?.length).toBe(second.implementations.length);
    await first.run(inputs);
    const before = performance.now();
    const seconds = (await second.profile?.(inputs)) ?? new Float64Array();
    const wallSeconds = (performance.now() - before) / 1000;
    expect(profiled.version).toBe(ran.version);
    const weight = "layer3.2.conv2.weight";
    expect((await profiled.read([weight])).get(weight)).toEqual((await ran.read([weight])).get(weight));

    const total = seconds.reduce((sum, each) => sum + each, 0);
    expect(total).toBeGreaterThan(0);
    expect(total).toBeLessThan(wallSeconds); // both clocks are the machine's own
    const timed = second.implementations.filter((_, call) => (seconds[call] ?? 0) > 0).map(({ node }) => node);
    expect(timed).toContain("layer1.0.conv1"); // forward, in the part step
    expect(timed.some((node) => node.startsWith(`${weight}.next`))).toBe(true); // in the part update
    expect(timed.some((node) => node.endsWith("NormSquared"))).toBe(false); // in the part measure, which did not run
    for (const program of [first, second]) await program.dispose();
  });

  test("bench with a profile tells each node's time, and nothing of a ResNet runs by ref or gemm but dense layers", async () => {
    const each = benchCase("train", benchSpec({ model: "resnet20", image: 16 }), 4);
    const plan = makePlan(fuse(each.graph, engine.fusions));
    const state = await engine.createState(benchState(each, 1));
    const program = await engine.compile(plan, state);
    const runs = await profileRuns(program, benchInputs(each, 1), engine.name, () => performance.now());
    const report = profileReport(runs, program.implementations, plan.order, 100);
    const named = new Set(report.nodes.map(({ node }) => node));
    const run = plan.order.filter(({ part, kind }) => part !== "measure" && kind !== "constant" && kind !== "flatten");
    const missing = run.filter(({ name, kind }) => !named.has(name) && kind !== "unflatten").map(({ name }) => name);
    expect(missing).toEqual([]);
    expect(report.totals.reduce((sum, { fraction }) => sum + fraction, 0)).toBeCloseTo(1, 9);
    expect(report.nodes.filter(({ slow, op }) => slow !== null && op !== "dense")).toEqual([]);
    expect(report.nodes.find(({ node }) => node === "layer1.0.conv1.dWeight")).toMatchObject({
      op: "convolution by weights",
      pass: "backward",
    });
    await program.dispose();
    await state.dispose();
  });

  test("constants are filled when a program is built, not before each step", async () => {
    const each = benchCase("train", benchSpec({ model: "resnet20", image: 16 }), 4); // its shortcuts pad with zeros
    const state = await engine.createState(benchState(each, 1));
    const program = await engine.compile(makePlan(fuse(each.graph, engine.fusions)), state);
    const fills = program.implementations.flatMap(({ implementation }, i) =>
      implementation === "script:fill" ? [i] : [],
    );
    expect(fills.length).toBeGreaterThan(2);
    for (let step = 0; step < 2; step++) {
      const seconds = await program.profile?.(benchInputs(each, 1));
      expect(fills.map((call) => seconds?.[call])).toEqual(fills.map(() => 0));
    }
    await program.dispose();
    await state.dispose();
  });

  test("the roof is what one core's vector units can be expected to do", { timeout: 60_000 }, async () => {
    const gflops = (await measureRoof(engine)) ?? 0;
    // One thread of anything from the last twenty years, sharing its core, up to a core of two 512-bit FMA units at 6 GHz.
    expect(gflops).toBeGreaterThan(1);
    expect(gflops).toBeLessThan(400);
  });
});
