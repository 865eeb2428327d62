// Training in bf16 on the CPU engine: ten steps take the reference engine's path; a resumed run is the unbroken one, bit for bit.
import { afterAll, describe, expect, test } from "vitest";
import type { NamedTensors } from "../../src/base/tensor.ts";
import { benchCase, benchInputs, benchState } from "../../src/commands/bench/bench-case.ts";
import type { Engine } from "../../src/engine/contract.ts";
import { createReferenceEngine } from "../../src/engine/reference/engine.ts";
import { fuse } from "../../src/passes/fuse.ts";
import { makePlan } from "../../src/plan/plan.ts";
import { namedSpec } from "../../src/spec/named-networks.ts";
import { expectSameTraining, stopAfter, throughFiles, trainTiny } from "../../src/train/train.test.fixture.ts";
import { openOneDnn } from "./onednn.fixture.ts";

const engine = await openOneDnn();
const spec = namedSpec("resnet20", { input: [3, 8, 8], classes: 10 });
const steps = 10;

/** The losses of ten steps on the same batch, in a precision, from weights times 1 ± `disturbance` (signs by place and `seed`). */
const lossPath = async (on: Engine, dtype: "f32" | "bf16", disturbance = 0, seed = 0): Promise<readonly number[]> => {
  const each = benchCase("train", spec, 8, dtype);
  const inputs = benchInputs(each, 1);
  const start: NamedTensors = new Map(
    [...benchState(each, 1)].map(([name, tensor]) => {
      const data = tensor.data.slice();
      for (let i = 0; i < data.length; i++) data[i]! *= 1 + ((i * 7 + seed * 13) % 5 < 2 ? disturbance : -disturbance);
      return [name, { ...tensor, data }];
    }),
  );
  const state = await on.createState(start);
  const program = await on.compile(makePlan(fuse(each.graph, on.fusions)), state);
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    losses.push((await program.run(inputs))["crossEntropy.loss"]?.data[0] ?? Number.NaN);
  }
  await program.dispose();
  await state.dispose();
  return losses;
};
const distance = (a: readonly number[], b: readonly number[]): number =>
  Math.sqrt(a.reduce((sum, loss, i) => sum + (loss - b[i]!) ** 2, 0));

describe.skipIf(typeof engine === "string" || engine.bf16 === "none")("training in bf16 on the oneDNN engine", () => {
  if (typeof engine === "string") return;
  afterAll(() => engine.dispose());

  test("takes the reference engine's path of losses, as near as f32's roundings let it", {
    timeout: 300_000,
  }, async () => {
    const reference = await createReferenceEngine();
    const expected = await lossPath(reference, "bf16");
    // 576 products of the longest forward sum, rounded in f32 as they are added: √576·2⁻²⁴ (check-graph.ts). What becomes of a
    // disturbance of that size is measured.
    const disturbance = Math.sqrt(576) * 2 ** -24;
    const moved = await Promise.all([1, 2, 3].map((seed) => lossPath(reference, "bf16", disturbance, seed)));
    const allowed = 3 * Math.sqrt(moved.reduce((sum, path) => sum + distance(path, expected) ** 2, 0) / moved.length);
    expect(allowed).toBeLessThan(0.1); // of losses from 2.3 on, or the test says nothing
    const actual = await lossPath(engine, "bf16");
    expect(distance(actual, expected)).toBeLessThanOrEqual(allowed);
    expect(actual.at(-1)).toBeLessThan(0.8 * actual[0]!); // it learns
  });

  test("is as near to f32's path as bf16's roundings explain", async () => {
    const [low, full] = [await lossPath(engine, "bf16"), await lossPath(engine, "f32")];
    for (const [i, loss] of full.entries()) expect(Math.abs(low[i]! - loss)).toBeLessThan(0.1 * full[0]!);
    expect(low).not.toEqual(full);
  });

  test("resumes bit-equal, and keeps f32", async () => {
    const bf16 = { dtype: "bf16" } as const;
    const unbroken = await trainTiny({ engine }, bf16);
    const first = await trainTiny({ engine, ...stopAfter(7) }, bf16);
    expect(first.result.interrupted).toBe(true);
    const second = await trainTiny({ engine, resume: throughFiles(first.result.checkpoint) }, bf16);
    expectSameTraining(second.result.checkpoint, unbroken.result.checkpoint);
    for (const tensors of [unbroken.result.checkpoint.model, unbroken.result.checkpoint.state]) {
      for (const [, { dtype }] of tensors) expect(dtype).toBe("f32");
    }
    const inF32 = await trainTiny({ engine });
    expect(inF32.result.checkpoint.model).not.toEqual(unbroken.result.checkpoint.model);
  });
});
