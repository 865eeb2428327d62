import { describe, expect, test } from "vitest";
import { UsageError } from "../base/errors.ts";
import { checkGraph } from "../engine/conformance/check-graph.ts";
import { wrongEngine } from "../engine/conformance/wrong-engine.test.fixture.ts";
import { createReferenceEngine } from "../engine/reference/engine.ts";
import type { Node } from "../graph/ops.ts";
import type { Plan } from "../plan/plan.ts";
import { WrongNumbersError } from "./bench/check-numbers.ts";
import { type BenchEnvironment, type BenchOptions, bench } from "./bench.ts";

const environment: BenchEnvironment = {
  openEngine: createReferenceEngine,
  checkGraph,
  now: () => performance.now(),
  hardware: { cpu: "a processor", cores: 2, memoryBytes: 2 ** 30 },
};
const tiny: BenchOptions = {
  what: "train",
  model: "resnet20",
  batch: 2,
  dtype: "f32",
  threads: 1,
  engine: "reference",
  image: 8,
  seconds: 0.01,
  roof: false,
};

describe("bench(options, environment)", () => {
  test("checks the numbers of a training step, then times it", async () => {
    const stages: string[] = [];
    const report = await bench({ ...tiny, onStage: (stage) => stages.push(stage) }, environment);
    expect(stages).toEqual(["check", "compile", "time", "roof"]);
    expect(report).toMatchObject({ what: "train", model: "resnet20", batch: 2, input: [3, 8, 8], roofFraction: null });
    expect(report.check?.worst.share).toBeLessThanOrEqual(1);
    expect(report.check?.values).toBeGreaterThan(100); // loss, logits, each parameter with its velocity, running statistics
    const { median, min, max, n } = report.imagesPerSecond;
    expect(min).toBeLessThanOrEqual(median);
    expect(median).toBeLessThanOrEqual(max);
    expect(n).toBeGreaterThan(0);
    // Three times the forward's 2 flops for each of resnet20's 2.55 million multiply-adds on 8×8, and the rest of the step.
    expect(report.gflops / median).toBeGreaterThan(6 * 2.5e-3);
    expect(report.gflops / median).toBeLessThan(8 * 2.6e-3);
    expect(report.implementations.some(({ node }) => node === "layer1.0.conv1")).toBe(true);
  });

  test("times the network as it is evaluated, batch norm folded, and single images", async () => {
    const algorithms: string[] = [];
    const openEngine: BenchEnvironment["openEngine"] = async (_name, _threads, convolution) => {
      algorithms.push(convolution);
      return createReferenceEngine();
    };
    const report = await bench({ ...tiny, what: "infer" }, { ...environment, openEngine });
    expect(report.check?.worst.share).toBeLessThanOrEqual(1);
    expect(report.check?.values).toBe(2); // the logits of one image, and those of eight
    expect(report.latencyMs?.median).toBeGreaterThan(0);
    expect(report.latencyMs?.p95).toBeGreaterThanOrEqual(report.latencyMs?.median ?? Number.NaN);
    expect(algorithms).toEqual(["auto"]);
    expect(report.implementations.some(({ node }) => node === "conv1.folded")).toBe(true);
    // Weights are folded once, not each time: 2 flops for each multiply-add, and a little for biases, additions and relus.
    expect(report.gflops / report.imagesPerSecond.median).toBeLessThan(2 * 2.7e-3);
    expect(report.implementations.some(({ node }) => node.includes("gradient"))).toBe(false);
  });

  test("times nothing of an engine that folds a mean as if it were the shift", async () => {
    const swapped = (node: Node): Node => {
      if (node.kind !== "foldBatchNorm") return node;
      const { mean, shift } = node.operands;
      return { ...node, operands: { ...node.operands, mean: shift, shift: mean } };
    };
    const openEngine = async () => wrongEngine(await createReferenceEngine(), swapped);
    const wrong = bench({ ...tiny, what: "infer" }, { ...environment, openEngine });
    await expect(wrong).rejects.toThrow(/^resnet20: the engine reference computes fc wrong/);
  });

  test("checks a network that is evaluated in bf16 node by node, and its logits as a whole", async () => {
    const report = await bench({ ...tiny, what: "infer", dtype: "bf16" }, environment);
    expect(report.check?.values).toBeGreaterThan(100);
    expect(report.check?.worst.share).toBeLessThanOrEqual(1);
  });

  test.each([
    [
      "with no value observed",
      ({ strips, graph }: Plan) => strips === undefined && graph.outputs.length === 1,
      "as it is timed",
    ],
    ["in strips", ({ strips }: Plan) => strips !== undefined, "in strips"],
  ])("times nothing of an engine that is wrong over bytes only %s", async (_, meant, how) => {
    const withoutShortcut = (node: Node): Node =>
      node.kind === "quantizedConv2d" && node.name.startsWith("layer1.1")
        ? { ...node, params: { ...node.params, shortcutFactor: 0 } }
        : node;
    const isInt8 = (plan: Plan) => plan.order.some(({ kind }) => kind === "quantizedConv2d") && meant(plan);
    const openEngine = async () => wrongEngine(await createReferenceEngine(), withoutShortcut, isInt8);
    const wrong = bench({ ...tiny, what: "infer", dtype: "int8" }, { ...environment, openEngine });
    await expect(wrong).rejects.toThrow(`resnet20: the engine reference computes fc ${how} wrong: it is off by`);
  });

  test("checks a network over bytes node by node, as it is timed, and in strips", async () => {
    const names: string[] = [];
    const observing: BenchEnvironment["checkGraph"] = async (...given) => {
      const values = await checkGraph(...given);
      names.push(...values.map(({ name }) => name).filter((name) => name.startsWith("fc ")));
      return values;
    };
    const report = await bench({ ...tiny, what: "infer", dtype: "int8" }, { ...environment, checkGraph: observing });
    expect(report.check?.worst.share).toBeLessThanOrEqual(1);
    expect(names).toEqual(["fc as it is timed", "fc as it is timed", "fc in strips"]); // of one image, and of eight
  });

  test("refuses to profile an engine that can't tell how long its calls take", async () => {
    await expect(bench({ ...tiny, check: false, profile: true }, environment)).rejects.toThrow(
      "bench: the engine reference can't tell how long its calls take; profile the engine onednn",
    );
    expect((await bench({ ...tiny, check: false }, environment)).profile).toBeNull();
  });

  test("times nothing when a value is farther off than rounding explains, or NaN", async () => {
    const off = (share: number) =>
      bench(tiny, { ...environment, checkGraph: async () => [{ name: "fc.weight", share, relative: 1e-4 }] });
    await expect(off(2.5)).rejects.toThrow(WrongNumbersError);
    await expect(off(2.5)).rejects.toThrow(
      "resnet20: the engine reference computes fc.weight wrong: it is off by 2.50 times what rounding explains; nothing was timed",
    );
    await expect(off(Number.NaN)).rejects.toThrow(WrongNumbersError);
  });

  test("begins again from other numbers when a check fails, for one relu may have turned by chance", async () => {
    let checks = 0;
    const luck = {
      ...environment,
      checkGraph: async () => [{ name: "fc.weight", share: checks++ === 0 ? 2 : 0.1, relative: 0 }],
    };
    expect((await bench(tiny, luck)).check?.worst).toEqual({ name: "fc.weight", share: 0.1 });
    expect(checks).toBe(2);
  });

  test("times nothing when the check says nothing", async () => {
    const vague = { ...environment, checkGraph: async () => [{ name: "fc.weight", share: 0, relative: 0.5 }] };
    await expect(bench(tiny, vague)).rejects.toThrow(
      "resnet20: fc.weight can't be checked: roundings alone move it by 0.500 of itself; nothing was timed",
    );
  });

  test("refuses what is no case", async () => {
    const refusal = (options: Partial<BenchOptions>) => bench({ ...tiny, ...options }, environment);
    await expect(refusal({ model: "resnet21" })).rejects.toThrow(UsageError);
    await expect(refusal({ batch: 0 })).rejects.toThrow("bench: batch should be a whole number of at least 1 but is 0");
    await expect(refusal({ threads: 1.5 })).rejects.toThrow(
      "bench: threads should be a whole number of at least 1 but is 1.5",
    );
    await expect(refusal({ image: -3 })).rejects.toThrow(
      "bench: image should be a whole number of at least 1 but is -3",
    );
    await expect(refusal({ seconds: 0 })).rejects.toThrow("bench: seconds should be above 0 but is 0");
  });
});
