// The part `prepare` on every engine: functions of the state alone, computed once for a version of the state.
import { describe, expect, test } from "vitest";
import { MissingError } from "../../src/base/errors.ts";
import { type HostTensor, scalar, tensor } from "../../src/base/tensor.ts";
import type { Engine } from "../../src/engine/contract.ts";
import { createOneDnnEngine } from "../../src/engine/onednn/engine.ts";
import { createReferenceEngine } from "../../src/engine/reference/engine.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import type { Graph } from "../../src/graph/graph.ts";
import { verifyGraph } from "../../src/graph/verify.ts";
import { makePlan } from "../../src/plan/plan.ts";
import { oneDnnOptions } from "./onednn-options.ts";

const f32 = (...elements: number[]): HostTensor => tensor("f32", [elements.length], Float32Array.from(elements));
const elementsOf = (value: HostTensor | undefined): number[] => [...(value?.data ?? [])];

/** prepare: twice = 2w, of which 4w. step: sum = x + 4w, and `sum` is long enough to use the arena. update: w ← w − η·x. */
const build = (updating: boolean): Graph => {
  const b = new GraphBuilder();
  const x = b.input("x", "f32", [2]);
  const w = b.state("w", "f32", [2]);
  b.part("prepare");
  const twice = b.add("weightedSum", "twice", { w }, { coefficients: { w: 2 } }).y;
  const four = b.add("weightedSum", "four", { twice }, { coefficients: { twice: 2 } }).y;
  b.part("step");
  const first = b.add("add", "first", { a: x, b: four }, {}).y;
  const second = b.add("relu", "second", { x: first }, {}).y;
  b.output(b.add("add", "sum", { a: second, b: four }, {}).y);
  if (updating) {
    const learningRate = b.input("learningRate", "f32", []);
    b.part("update");
    b.update(w, b.add("descend", "next", { weight: w, direction: x, learningRate }, {}).y);
  }
  return verifyGraph(b.build());
};

const engines: Readonly<Record<string, () => Promise<Engine>>> = {
  reference: createReferenceEngine,
  onednn: () => createOneDnnEngine({ ...oneDnnOptions, threads: 1 }),
};

const openOrSkip = async (name: string): Promise<Engine | null> => {
  try {
    return (await engines[name]?.()) ?? null;
  } catch (error) {
    if (!(error instanceof MissingError)) throw error;
    console.warn(`prepare on ${name} was not tested: ${error.message}`);
    return null;
  }
};

describe.each(Object.keys(engines))("the part prepare on %s", async (name) => {
  const engine = await openOrSkip(name);
  const check = test.skipIf(engine === null);
  const setUp = async (updating: boolean) => {
    if (engine === null) throw new Error("no engine");
    const state = await engine.createState(new Map([["w", f32(1, -3)]]));
    return { state, program: await engine.compile(makePlan(build(updating)), state) };
  };

  check("its values last from run to run, and follow every write", async () => {
    const { state, program } = await setUp(false);
    const run = async (x: HostTensor) => elementsOf((await program.run({ x })).sum);
    expect(await run(f32(1, 1))).toEqual([5 + 4, 0 - 12]);
    expect(await run(f32(2, 20))).toEqual([6 + 4, 8 - 12]);
    expect(await run(f32(1, 1))).toEqual([5 + 4, 0 - 12]);
    await state.write(new Map([["w", f32(0, 1)]]));
    expect(await run(f32(1, 1))).toEqual([1, 5 + 4]);
  });

  check("they follow the program's own updates, from the next step on", async () => {
    const { program } = await setUp(true);
    const run = async (part?: "step" | "update") =>
      elementsOf((await program.run({ x: f32(1, 1), learningRate: scalar("f32", 1) }, part)).sum);
    expect(await run("step")).toEqual([9, -12]);
    expect(await run("step")).toEqual([9, -12]);
    await run("update"); // w is (0, −4) now
    expect(await run("step")).toEqual([1, -16]);
  });

  check("they follow the updates of another program over the same state", async () => {
    const { state, program } = await setUp(false);
    if (engine === null) return;
    const training = await engine.compile(makePlan(build(true)), state);
    expect(elementsOf((await program.run({ x: f32(1, 1) })).sum)).toEqual([9, -12]);
    await training.run({ x: f32(1, 1), learningRate: scalar("f32", 1) });
    expect(elementsOf((await program.run({ x: f32(1, 1) })).sum)).toEqual([1, -16]);
  });
});

test("verifyGraph refuses a part prepare that reads an input", () => {
  const b = new GraphBuilder();
  const x = b.input("x", "f32", [2]);
  b.part("prepare");
  b.output(b.add("relu", "early", { x }, {}).y);
  expect(() => verifyGraph(b.build())).toThrow(
    "early of the part prepare reads the input x, but states alone are known then",
  );
});

test("makePlan gives what prepare makes for later parts the whole program's life, and what it makes for itself its own", () => {
  const { lifetimes, order } = makePlan(build(false));
  expect(lifetimes.get("twice")).toEqual({ first: 0, last: 1 });
  expect(lifetimes.get("four")).toEqual({ first: 0, last: order.length });
});
