// Weights and velocities lie as the gradients do, when the first program over a state trains it: callers see rows all the same, and get the
// same bits as from a state in rows.
import { afterAll, describe, expect, test } from "vitest";
import { type HostTensor, type NamedTensors, tensor } from "../../src/base/tensor.ts";
import type { OneDnnEngine } from "../../src/engine/onednn/engine.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { padding } from "../../src/graph/geometry.ts";
import type { Graph } from "../../src/graph/graph.ts";
import { addUpdate, normOutputs } from "../../src/passes/update.ts";
import { makePlan } from "../../src/plan/plan.ts";
import { openOneDnn } from "./onednn.fixture.ts";

const params = { stride: [1, 1], padding: padding(1), groups: 1 } as const;
const filled = (shape: readonly number[], salt: number): HostTensor => {
  const length = shape.reduce((product, size) => product * size, 1);
  return tensor(
    "f32",
    shape,
    Float32Array.from({ length }, (_, i) => Math.sin(i * 0.7 + salt)),
  );
};

interface Layer {
  readonly x: readonly [number, number, number, number];
  readonly filter: readonly [number, number, number, number];
  readonly y: readonly [number, number, number, number];
}
const layers: Readonly<Record<string, Layer>> = {
  "16 to 32 channels": { x: [2, 16, 8, 8], filter: [32, 16, 3, 3], y: [2, 32, 8, 8] },
  "3 to 16 channels": { x: [2, 3, 8, 8], filter: [16, 3, 3, 3], y: [2, 16, 8, 8] },
  "20 to 24 channels": { x: [2, 20, 8, 8], filter: [24, 20, 3, 3], y: [2, 24, 8, 8] },
};

const forward = ({ x, filter }: Layer): Graph => {
  const b = new GraphBuilder();
  const weight = b.state("weight", "f32", filter);
  b.output(b.add("conv2d", "y", { x: b.input("x", "f32", x), weight }, params).y);
  return b.build();
};

const training = ({ x, filter, y }: Layer, nesterov: boolean): Graph => {
  const b = new GraphBuilder();
  const weight = b.state("weight", "f32", filter);
  const image = b.input("x", "f32", x);
  b.output(b.add("conv2d", "y", { x: image, weight }, params).y);
  const operands = { x: image, dy: b.input("dy", "f32", y) };
  const { dWeight } = b.add("conv2dBackwardWeight", "dWeight", operands, { ...params, filterShape: filter });
  return addUpdate(b.build(), {
    parameters: [{ weight, gradient: dWeight, weightDecay: 0.01 }],
    optimizer: { kind: "sgd", momentum: 0.9, nesterov },
  });
};

const stateOf = ({ filter }: Layer): NamedTensors =>
  new Map([
    ["weight", filled(filter, 1)],
    ["weight.velocity", filled(filter, 2)],
  ]);
const inputsOf = ({ x, y }: Layer) => ({
  x: filled(x, 3),
  dy: filled(y, 4),
  learningRate: tensor("f32", [], Float32Array.of(0.1)),
});

/** Two steps, then the state; what ran, and whether a gradient was brought into another layout. */
const train = async (engine: OneDnnEngine, layer: Layer, nesterov: boolean, rows: boolean) => {
  const state = await engine.createState(stateOf(layer));
  const first = rows ? await engine.compile(makePlan(forward(layer)), state) : null;
  const program = await engine.compile(makePlan(training(layer, nesterov)), state);
  await program.run(inputsOf(layer));
  await program.run(inputsOf(layer));
  const norm = (await program.run(inputsOf(layer), "measure"))[normOutputs.parameter]?.data[0];
  const { y } = await program.run(inputsOf(layer), "step");
  const result = {
    tensors: await state.read(),
    norm,
    y: y?.data.slice(),
    reordersGradient: program.implementations.some(({ node }) => node.includes("reorder of dWeight")),
  };
  await first?.dispose();
  await program.dispose();
  await state.dispose();
  return result;
};

const engine = await openOneDnn();

describe.skipIf(typeof engine === "string")("a state over which a training is compiled first", () => {
  if (typeof engine === "string") return;
  afterAll(() => engine.dispose());

  for (const [title, layer] of Object.entries(layers)) {
    for (const nesterov of [false, true]) {
      test(`is updated as one in rows is, to the bit: ${title}${nesterov ? ", Nesterov" : ""}`, async () => {
        const rows = await train(engine, layer, nesterov, true);
        const arranged = await train(engine, layer, nesterov, false);
        expect(arranged.tensors).toEqual(rows.tensors);
        expect(arranged.y).toEqual(rows.y);
        expect(arranged.norm).toBeCloseTo(rows.norm ?? Number.NaN, 2); // summed in another order: f32, up to some thousand
        expect(rows.reordersGradient).toBe(true);
        expect(arranged.reordersGradient).toBe(false);
      });
    }
  }

  test("gives back what was written, and programs that come later read it", async () => {
    const layer = layers["16 to 32 channels"];
    if (layer === undefined) throw new Error("no such layer");
    const state = await engine.createState(stateOf(layer));
    const program = await engine.compile(makePlan(training(layer, false)), state);
    const evaluation = await engine.compile(makePlan(forward(layer)), state);
    const inputs = inputsOf(layer);
    const written = new Map([["weight", filled(layer.filter, 5)]]);
    await state.write(written);
    expect((await state.read(["weight"])).get("weight")).toEqual(written.get("weight"));
    const trained = (await program.run(inputs, "step")).y?.data.slice();
    const evaluated = (await evaluation.run(inputs)).y?.data.slice();
    const other = await engine.createState(written);
    const alone = await engine.compile(makePlan(forward(layer)), other);
    expect(evaluated).toEqual((await alone.run(inputs)).y?.data);
    expect(trained?.length).toBe(evaluated?.length);
    for (const each of [program, evaluation, alone, state, other]) await each.dispose();
  });

  test("lies in rows again for a program that comes when the others are gone, and does not train", async () => {
    const layer = layers["16 to 32 channels"];
    if (layer === undefined) throw new Error("no such layer");
    const state = await engine.createState(stateOf(layer));
    const program = await engine.compile(makePlan(training(layer, false)), state);
    await program.dispose();
    const evaluation = await engine.compile(makePlan(forward(layer)), state);
    expect(await state.read()).toEqual(stateOf(layer));
    await evaluation.dispose();
    await state.dispose();
  });
});
