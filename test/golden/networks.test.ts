import { afterAll, describe, expect, test } from "vitest";
import { zeros } from "../../src/base/tensor.ts";
import { type Comparison, formatWorst, worstOf } from "./compare.ts";
import { compareNetwork } from "./compare-network.ts";
import { goldenEngines, openOrReason } from "./engines.ts";
import { readFixture } from "./fixtures.ts";
import { stateTensor } from "./formula.ts";
import { runNetwork } from "./run-network.ts";

/** Reports the share of the bound that was used as well. */
const expectWithinBounds = (title: string, comparisons: readonly Comparison[]): void => {
  console.info(formatWorst(title, comparisons));
  expect(worstOf(comparisons).share, formatWorst(title, comparisons)).toBeLessThanOrEqual(1);
};

for (const goldenEngine of goldenEngines) {
  const { name, safety, networks } = goldenEngine;
  const title = `networks on the engine ${name}, against PyTorch in f64`;
  const engine = await openOrReason(goldenEngine);
  if (typeof engine === "string") {
    test.skip(`${title}: skipped, for ${engine}`, () => {});
    continue;
  }
  describe(title, () => {
    afterAll(() => engine.dispose());

    test.each(networks)(
      "$model in $dtype: evaluation, and $steps of the 10 training steps",
      async (row) => {
        const { model, dtype, steps } = row;
        const golden = readFixture(model);
        const run = await runNetwork(engine, golden, dtype, steps);
        const groups = compareNetwork(run, golden, { dtype, safety });
        for (const [group, comparisons] of Object.entries(groups)) {
          if (comparisons.length > 0) expectWithinBounds(`${name}, ${model} ${dtype}, ${group}`, comparisons);
        }
        expect(groups.changes.length > 0).toBe(steps === golden.path.length);
      },
      180_000,
    );
  });
}

describe("the golden of resnet20 notices, within f32's tolerance,", async () => {
  const [reference] = goldenEngines;
  if (!reference) throw new Error("the reference engine is always there");
  const engine = await reference.open();
  const golden = readFixture("resnet20");
  const tolerance = { dtype: "f32", safety: reference.safety } as const;
  const changesOf = async (slip: Partial<typeof golden.case>): Promise<Comparison> => {
    const run = await runNetwork(engine, { ...golden, case: { ...golden.case, ...slip } }, "f32", golden.path.length);
    return worstOf(compareNetwork(run, golden, tolerance).changes);
  };
  afterAll(() => engine.dispose());

  test("that weight decay was left out", async () =>
    expect((await changesOf({ weightDecay: 0 })).share).toBeGreaterThan(2));

  test("that the learning rate was a thousandth too large", async () => {
    const learningRate = golden.case.learningRate * 1.001;
    expect((await changesOf({ learningRate })).share).toBeGreaterThan(1);
  });

  test("that the running variance is the biased one, though 1024 elements make it up: 1e-4 of it", async () => {
    const run = await runNetwork(engine, golden, "f32", 1);
    const count = golden.case.batch * golden.case.image[1] * golden.case.image[2]; // M of the first batch norm
    const measured = run.running.get("bn1.running_var") ?? zeros("f32", []);
    const old = stateTensor(golden.case.seed, "bn1.running_var", measured.shape);
    const biased = zeros("f32", measured.shape);
    for (let i = 0; i < biased.data.length; i++) {
      const kept = 0.9 * old.data[i]!;
      biased.data[i] = kept + (measured.data[i]! - kept) * (1 - 1 / count);
    }
    const running = new Map(run.running).set("bn1.running_var", biased);
    expect(worstOf(compareNetwork({ ...run, running }, golden, tolerance).running).share).toBeGreaterThan(1);
  });
});
