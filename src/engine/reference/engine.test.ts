import { describe, expect, test } from "vitest";
import { type HostTensor, type NamedTensors, scalar, tensor } from "../../base/tensor.ts";
import { GraphBuilder } from "../../graph/builder.ts";
import type { Graph } from "../../graph/graph.ts";
import { makePlan } from "../../plan/plan.ts";
import { createReferenceEngine } from "./engine.ts";

const f32 = (...elements: number[]): HostTensor => tensor("f32", [elements.length], Float32Array.from(elements));

/** step: sum = x + w. update: w ← w − learningRate · sum, and old ← w as it was. measure: |w|² after the update. */
const buildStep = (): Graph => {
  const builder = new GraphBuilder();
  const x = builder.input("x", "f32", [2]);
  const learningRate = builder.input("learningRate", "f32", []);
  const w = builder.state("w", "f32", [2]);
  const old = builder.state("old", "f32", [2]);
  const sum = builder.add("add", "sum", { a: x, b: w }, {}).y;
  builder.part("update");
  builder.update(w, builder.add("descend", "next", { weight: w, direction: sum, learningRate }, {}).y);
  builder.update(old, w);
  builder.part("measure");
  builder.output(sum);
  builder.output(builder.add("sumOfSquares", "norm", { w }, {}).y);
  return builder.build();
};

const setUp = async () => {
  const engine = await createReferenceEngine();
  const state = await engine.createState(
    new Map([
      ["w", f32(1, 2)],
      ["old", f32(0, 0)],
    ]),
  );
  const program = await engine.compile(makePlan(buildStep()), state);
  return { engine, state, program };
};
const inputs = { x: f32(1, 1), learningRate: scalar("f32", 0.5) };
const elementsOf = (tensors: NamedTensors, name: string): number[] => [...(tensors.get(name)?.data ?? [])];

describe("program.run(inputs, part)", () => {
  test("by default runs step and update; nodes read the state as it was before", async () => {
    const { state, program } = await setUp();
    const { sum } = await program.run(inputs);
    expect([...sum!.data]).toEqual([2, 3]);
    const after = await state.read();
    expect(elementsOf(after, "w")).toEqual([0, 0.5]);
    expect(elementsOf(after, "old")).toEqual([1, 2]);
  });

  test("step alone changes no state, and can be run again before update", async () => {
    const { state, program } = await setUp();
    await program.run({ x: f32(5, 5) }, "step");
    await program.run({ x: f32(1, 1) }, "step");
    expect(state.version).toBe(0);
    expect(elementsOf(await state.read(["w"]), "w")).toEqual([1, 2]);
    await program.run({ learningRate: inputs.learningRate }, "update");
    expect(state.version).toBe(1);
    expect(elementsOf(await state.read(["w"]), "w")).toEqual([0, 0.5]);
  });

  test("measure reads the state after the update; outputs of parts that didn't run keep their value", async () => {
    const { program } = await setUp();
    expect((await program.run(inputs)).norm?.data[0]).toBe(0);
    const outputs = await program.run({}, "measure");
    expect(outputs.norm?.data[0]).toBe(0.25);
    expect([...outputs.sum!.data]).toEqual([2, 3]);
    expect((await program.run({ x: f32(9, 9) }, "step")).norm?.data[0]).toBe(0.25);
  });

  test("runs in the order of the calls, reads included", async () => {
    const { state, program } = await setUp();
    const first = program.run(inputs);
    const between = state.read(["w"]);
    const second = program.run(inputs);
    await Promise.all([first, second]);
    expect(elementsOf(await between, "w")).toEqual([0, 0.5]);
    expect(elementsOf(await state.read(["w"]), "w")).toEqual([-0.5, -0.25]);
  });

  test("refuses an update without a step before it", async () => {
    const { program } = await setUp();
    const message = "the part update reads values of the part step, which has to run before it each time";
    await expect(program.run({ learningRate: inputs.learningRate }, "update")).rejects.toThrow(message);
    await program.run(inputs);
    await expect(program.run({ learningRate: inputs.learningRate }, "update")).rejects.toThrow(message);
  });

  test.each([
    [{ x: f32(1, 1) }, "the input learningRate is missing: the part update reads it as f32[]"],
    [{ ...inputs, x: f32(1, 1, 1) }, "the input x should be f32[2] but is f32[3]"],
    [{ ...inputs, x: tensor("f64", [2], Float64Array.of(1, 1)) }, "the input x should be f32[2] but is f64[2]"],
    [
      { ...inputs, x: { dtype: "f32", shape: [2], data: Float32Array.of(1) } as const },
      "the input x, f32[2], holds 1 elements",
    ],
  ])("refuses wrong inputs %#", async (wrong, message) => {
    const { state, program } = await setUp();
    await expect(program.run(wrong)).rejects.toThrow(message);
    expect(state.version).toBe(0);
  });

  test("hands inputs and states on that are outputs themselves", async () => {
    const builder = new GraphBuilder();
    builder.output(builder.input("x", "f32", [2]));
    builder.output(builder.state("w", "f32", [2]));
    const engine = await createReferenceEngine();
    const state = await engine.createState(new Map([["w", f32(3, 4)]]));
    const program = await engine.compile(makePlan(builder.build()), state);
    const { x, w } = await program.run({ x: f32(1, 2) });
    expect([[...x!.data], [...w!.data]]).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });
});

describe("program", () => {
  test("shows its memory and what computes each node", async () => {
    const { program } = await setUp();
    expect(program.memory.placements.map(({ name }) => name).sort()).toEqual(["next", "norm", "sum"]);
    expect(program.memory.arenaBytes).toBeGreaterThanOrEqual(program.memory.lowerBoundBytes);
    expect(program.implementations).toContainEqual({ node: "sum", implementation: "reference" });
  });
});

describe("engine.compile(plan, state)", () => {
  test.each([
    [new Map([["w", f32(1, 2)]]), "the state has no tensor old, which the graph reads"],
    [
      new Map([
        ["w", f32(1, 2, 3)],
        ["old", f32(0, 0)],
      ]),
      "w: the graph takes f32[2] but the state holds f32[3]",
    ],
  ])("refuses a state that doesn't fit %#", async (tensors, message) => {
    const engine = await createReferenceEngine();
    const state = await engine.createState(tensors);
    await expect(engine.compile(makePlan(buildStep()), state)).rejects.toThrow(message);
  });

  test("refuses the state of another engine", async () => {
    const { state } = await setUp();
    const other = await createReferenceEngine();
    await expect(other.compile(makePlan(buildStep()), state)).rejects.toThrow("the state was made by another engine");
  });
});

describe("state", () => {
  test("copies what it is given and what it gives", async () => {
    const engine = await createReferenceEngine();
    const w = f32(1, 2);
    const state = await engine.createState(new Map([["w", w]]));
    w.data[0] = 9;
    const read = await state.read();
    expect(elementsOf(read, "w")).toEqual([1, 2]);
    read.get("w")!.data[0] = 7;
    expect(elementsOf(await state.read(), "w")).toEqual([1, 2]);
  });

  test("writes and raises its version, or writes nothing", async () => {
    const { state } = await setUp();
    await state.write(new Map([["w", f32(5, 6)]]));
    expect(state.version).toBe(1);
    const wrong = new Map([
      ["w", f32(0, 0)],
      ["old", f32(1)],
    ]);
    await expect(state.write(wrong)).rejects.toThrow(
      "old: the state keeps f32[2] but was given f32[1]; nothing was written",
    );
    await expect(state.write(new Map([["v", f32(1)]]))).rejects.toThrow(
      "the state has no tensor v; nothing was written",
    );
    await expect(state.read(["v"])).rejects.toThrow("the state has no tensor v");
    expect(state.version).toBe(1);
    expect(elementsOf(await state.read(), "w")).toEqual([5, 6]);
  });
});

describe("dispose()", () => {
  test("makes later use an error, and lets what was asked for before finish", async () => {
    const { engine, state, program } = await setUp();
    const last = program.run(inputs);
    await program.dispose();
    expect([...(await last).sum!.data]).toEqual([2, 3]);
    await expect(program.run(inputs)).rejects.toThrow("this program is disposed of");
    await state.dispose();
    await expect(state.read()).rejects.toThrow("this state is disposed of");
    await expect(engine.compile(makePlan(buildStep()), state)).rejects.toThrow("this state is disposed of");
    await engine.dispose();
    await expect(engine.createState(new Map())).rejects.toThrow("this engine is disposed of");
  });
});
