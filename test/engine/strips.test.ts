// Strips on the CPU engine: the first layers run for some images at a time are the same layers, bit for bit.
import { afterAll, describe, expect, test } from "vitest";
import { MissingError } from "../../src/base/errors.ts";
import { elementCount } from "../../src/base/shape.ts";
import { sharedZeros } from "../../src/base/tensor.ts";
import { profileRows } from "../../src/commands/bench/profile-rows.ts";
import { createOneDnnEngine, type OneDnnEngine } from "../../src/engine/onednn/engine.ts";
import { fuse } from "../../src/passes/fuse.ts";
import { makePlan } from "../../src/plan/plan.ts";
import { namedSpec } from "../../src/spec/named-networks.ts";
import { evaluationGraph, evaluationPlan } from "../../src/train/evaluation-program.ts";
import { trainedTensors } from "./inference-networks.ts";
import { oneDnnOptions } from "./onednn-options.ts";

const open = async (): Promise<OneDnnEngine | string> => {
  try {
    return await createOneDnnEngine({ ...oneDnnOptions, threads: 1 });
  } catch (error) {
    if (error instanceof MissingError) return error.message;
    throw error;
  }
};
const engine = await open();
if (typeof engine === "string") console.warn(`strips were not tested: ${engine}`);
else afterAll(() => engine.dispose());

describe.skipIf(typeof engine === "string")("a large batch in strips", () => {
  // Maps of 64 × 64 pixels, 16 channels and 128 images: 32 MiB.
  const batch = 128;
  const spec = namedSpec("resnet20", { input: [3, 64, 64] });

  test("gives the bits of the whole batch, whatever images came before", { timeout: 120_000 }, async () => {
    if (typeof engine === "string") return;
    const state = await engine.createState(trainedTensors(spec, 1));
    const plan = evaluationPlan(engine, spec, batch);
    expect(plan.strips?.count).toBe(2);
    expect(plan.strips?.result.name).toBe("layer1.2.relu2");
    const cut = await engine.compile(plan, state);
    const whole = await engine.compile(makePlan(fuse(evaluationGraph(spec, batch), engine.fusions)), state);

    const images = sharedZeros("f32", [batch, ...spec.input]);
    for (let i = 0; i < images.data.length; i++) images.data[i] = ((i * 7919) % 1009) / 500 - 1;
    const others = sharedZeros("f32", images.shape);
    const expected = (await whole.run({ images })).fc?.data.slice();
    expect((await cut.run({ images })).fc?.data).toEqual(expected);
    expect((await cut.run({ images: others })).fc?.data).toEqual((await whole.run({ images: others })).fc?.data);
    expect((await cut.run({ images })).fc?.data).toEqual(expected);

    // The calls of both strips are told as one.
    const seconds = (await cut.profile?.({ images })) ?? new Float64Array(0);
    expect(seconds).toHaveLength(cut.implementations.length);
    const calls = plan.order.filter(({ part }) => part === "step");
    for (const { name } of calls) {
      const call = cut.implementations.findIndex(({ node }) => node === name);
      expect(seconds[call], name).toBeGreaterThan(0);
    }
    // So is that which puts them together, a part of the forward pass.
    const { implementations } = cut;
    const rows = profileRows({ implementations, seconds: [...seconds], nodes: plan.order, roofGflops: null });
    const joined = rows.find(({ node }) => node.endsWith("(reorder of layer1.2.relu2)"));
    expect(joined).toMatchObject({ op: "reorder", pass: "forward" });
    const largest = Math.max(...cut.memory.placements.map(({ bytes }) => bytes));
    expect(largest).toBe(4 * elementCount([batch, 16, 64, 64])); // what the strips are put together in
    for (const program of [cut, whole]) await program.dispose();
    await state.dispose();
  });
});
