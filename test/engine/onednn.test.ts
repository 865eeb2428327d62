// What the CPU engine promises beyond right numbers: refusals, errors that name the place, queues, updates in place.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MissingError, NativeError, UnsupportedError } from "../../src/base/errors.ts";
import { type HostTensor, type NamedTensors, scalar, tensor } from "../../src/base/tensor.ts";
import type { Dnnl } from "../../src/engine/onednn/dnnl.ts";
import { openDnnlV2 } from "../../src/engine/onednn/dnnl-v2.ts";
import { createOneDnnEngine, type OneDnnEngine } from "../../src/engine/onednn/engine.ts";
import { openOneDnn } from "../../src/engine/onednn/library.ts";
import { NativeProgram } from "../../src/engine/onednn/program.ts";
import { NativeState } from "../../src/engine/onednn/state.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { padding } from "../../src/graph/geometry.ts";
import type { Graph } from "../../src/graph/graph.ts";
import { makePlan } from "../../src/plan/plan.ts";
import { oneDnnOptions } from "./onednn-options.ts";

const vector = (...numbers: readonly number[]): HostTensor =>
  tensor("f32", [numbers.length], Float32Array.from(numbers));

const build = (fill: (builder: GraphBuilder) => void): Graph => {
  const builder = new GraphBuilder();
  fill(builder);
  return builder.build();
};

/** w ← w − η·g, with the new w as an output as well. */
const descent = build((b) => {
  const gradient = b.input("gradient", "f32", [3]);
  const learningRate = b.input("learningRate", "f32", []);
  const weight = b.state("weight", "f32", [3]);
  b.part("update");
  const { y } = b.add("descend", "next", { weight, direction: gradient, learningRate }, {});
  b.update(weight, y);
  b.output(y);
});

/** An image of 16 channels through one convolution. */
const convolution = build((b) => {
  const x = b.input("images", "f32", [1, 16, 8, 8]);
  const weight = b.state("layer1.conv1.weight", "f32", [16, 16, 3, 3]);
  const params = { stride: [1, 1], padding: padding(1), groups: 1 } as const;
  b.output(b.add("conv2d", "layer1.conv1", { x, weight }, params).y);
});
const convolutionState: NamedTensors = new Map([
  ["layer1.conv1.weight", tensor("f32", [16, 16, 3, 3], new Float32Array(16 * 16 * 9).fill(1))],
]);

const open = async (): Promise<OneDnnEngine | string> => {
  try {
    return await createOneDnnEngine(oneDnnOptions);
  } catch (error) {
    if (error instanceof MissingError) return error.message;
    throw error;
  }
};
const opened = await open();
if (typeof opened === "string") console.warn(`the CPU engine was not tested: ${opened}`);

describe.skipIf(typeof opened === "string")("the oneDNN engine", () => {
  let engine: OneDnnEngine;
  beforeAll(() => {
    if (typeof opened !== "string") engine = opened;
  });
  afterAll(() => engine.dispose());

  test("updates states in place, and says so by the version", async () => {
    const state = await engine.createState(new Map([["weight", vector(1, 2, 3)]]));
    const program = await engine.compile(makePlan(descent), state);
    const inputs = { gradient: vector(1, 1, 2), learningRate: scalar("f32", 0.5) };
    const before = state.version;
    const outputs = await program.run(inputs);
    expect([...(outputs.next?.data ?? [])]).toEqual([0.5, 1.5, 2]);
    await program.run(inputs, "update");
    expect(state.version).toBe(before + 2);
    expect([...((await state.read()).get("weight")?.data ?? [])]).toEqual([0, 1, 1]);
  });

  test("answers calls in the order in which they were made", async () => {
    const state = await engine.createState(new Map([["weight", vector(0, 0, 0)]]));
    const program = await engine.compile(makePlan(descent), state);
    const run = (rate: number) => program.run({ gradient: vector(1, 0, 0), learningRate: scalar("f32", rate) });
    const first = run(1);
    const written = state.write(new Map([["weight", vector(10, 0, 0)]]));
    const second = run(2);
    const read = state.read();
    await Promise.all([first, written, second]);
    expect((await read).get("weight")?.data[0]).toBe(8);
  });

  test("runs programs of any size over one state, each preparing its weights again after a write", async () => {
    const state = await engine.createState(convolutionState);
    const program = await engine.compile(makePlan(convolution), state);
    const images = tensor("f32", [1, 16, 8, 8], new Float32Array(16 * 64).fill(1));
    const middle = async () => (await program.run({ images }, "step"))["layer1.conv1"]?.data[9];
    expect(await middle()).toBe(16 * 9);
    await state.write(new Map([["layer1.conv1.weight", tensor("f32", [16, 16, 3, 3], new Float32Array(16 * 16 * 9))]]));
    expect(await middle()).toBe(0);
  });

  test("lists what computes each node", async () => {
    const state = await engine.createState(convolutionState);
    const program = await engine.compile(makePlan(convolution), state);
    const found = program.implementations.find(({ node }) => node === "layer1.conv1");
    expect(found?.implementation).toMatch(/^(jit|brg)/);
  });

  test("refuses f64 with the node's path", async () => {
    const graph = build((b) => b.output(b.add("relu", "layer1.relu", { x: b.input("x", "f64", [4]) }, {}).y));
    const state = await engine.createState(new Map());
    const compiling = engine.compile(makePlan(graph), state);
    await expect(compiling).rejects.toThrow(UnsupportedError);
    await expect(compiling).rejects.toThrow("the engine onednn can't do this: it computes in f32 and bf16, not in f64");
  });

  test("refuses an input of another shape, a state that lacks a tensor, a write that doesn't fit", async () => {
    const state = await engine.createState(new Map([["weight", vector(1, 2, 3)]]));
    const program = await engine.compile(makePlan(descent), state);
    await expect(program.run({ gradient: vector(1), learningRate: scalar("f32", 1) })).rejects.toThrow(
      "the input gradient should be f32[3] but is f32[1]",
    );
    await expect(program.run({ learningRate: scalar("f32", 1) })).rejects.toThrow(
      "the input gradient is missing: the part update reads it as f32[3]",
    );
    await expect(state.write(new Map([["weight", vector(1)]]))).rejects.toThrow(
      "weight: the state keeps f32[3] but was given f32[1]; nothing was written",
    );
    const empty = await engine.createState(new Map());
    await expect(engine.compile(makePlan(descent), empty)).rejects.toThrow(
      "the state has no tensor weight, which the graph reads",
    );
  });

  test("turns a failed call into an error that names node, primitive and shapes", () => {
    const { library, version } = openOneDnn(oneDnnOptions.places);
    const dnnl = openDnnlV2(library, version);
    let calls = 0;
    // The library itself can't be made to fail at will: the third call's status is replaced.
    const failing: Dnnl = { ...dnnl, execute: (...call) => (++calls === 3 ? 1 : dnnl.execute(...call)) };
    const state = new NativeState(failing, convolutionState);
    const program = new NativeProgram(failing, makePlan(convolution), state, { convolution: "direct" });
    const images = tensor("f32", [1, 16, 8, 8], new Float32Array(16 * 64));
    const run = () => program.run({ images }, "step");
    expect(run).toThrow(NativeError);
    calls = 0;
    state.version++; // prepares again: weight, image, convolution
    expect(run).toThrow(
      /^layer1\.conv1 \((jit|brg)[^;]*; x \[1, 16, 8, 8\], weight \[16, 16, 3, 3\], y \[1, 16, 8, 8\].*\): oneDNN answered out of memory to dnnl_primitive_execute$/,
    );
    program.free();
    state.free();
  });

  test("refuses to be used after it is disposed of", async () => {
    const other = await createOneDnnEngine(oneDnnOptions);
    await other.dispose();
    await expect(other.createState(new Map())).rejects.toThrow("this engine is disposed of: it can't be used any more");
    await other.dispose(); // a second time: nothing is left to do
  });

  test("refuses to dispose of a state before the programs that run over it", async () => {
    const state = await engine.createState(convolutionState);
    const program = await engine.compile(makePlan(convolution), state);
    await expect(state.dispose()).rejects.toThrow("a state is disposed of after the programs that run over it");
    await program.dispose();
    await state.dispose();
  });

  test("frees states and programs that were not disposed of, when it is", async () => {
    const bytes = 2 ** 27;
    const large = new Map([["weight", tensor("f32", [bytes / 4], new Float32Array(bytes / 4).fill(1))]]);
    const before = process.memoryUsage.rss();
    for (let times = 0; times < 4; times++) {
      const other = await createOneDnnEngine(oneDnnOptions);
      await other.createState(large);
      await other.dispose();
    }
    expect(process.memoryUsage.rss() - before).toBeLessThan(2.5 * bytes); // the array, and a copy of it that may be garbage; not four
  });

  test("refuses a number of threads that is none", async () => {
    await expect(createOneDnnEngine({ ...oneDnnOptions, threads: 0 })).rejects.toThrow(
      "threads should be a whole number of at least 1 but is 0",
    );
  });
});

test("a machine without the library is told how to get it", async () => {
  const places = { ...oneDnnOptions.places, overridePath: "/nowhere/libdnnl.so.2" };
  const opening = createOneDnnEngine({ ...oneDnnOptions, places });
  await expect(opening).rejects.toThrow(MissingError);
  await expect(opening).rejects.toThrow(
    /oneDNN 2\.6 or 2\.7 is needed and was not found \(tried \/nowhere\/libdnnl\.so\.2: /,
  );
});
