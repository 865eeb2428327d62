// What a program owns of the library's, counted by a library that computes nothing.
import { describe, expect, test } from "vitest";
import { allocate } from "../../base/dtype.ts";
import { NativeError, UnsupportedError } from "../../base/errors.ts";
import { elementCount, type Shape } from "../../base/shape.ts";
import { GraphBuilder } from "../../graph/builder.ts";
import { makePlan, type Plan } from "../../plan/plan.ts";
import type { Dnnl, MemoryDescriptor } from "./dnnl.ts";
import { NativeProgram } from "./program.ts";
import { NativeState } from "./state.ts";

type Kind = "primitive" | "handle" | "block" | "memory";

/** `alive` counts what is to be freed; the `failing.at`th of a kind can't be made. */
const countingLibrary = (failing?: { readonly kind: Kind; readonly at: number }) => {
  const made: Record<Kind, number> = { primitive: 0, handle: 0, block: 0, memory: 0 };
  let alive = 0;
  const make = (kind: Kind): void => {
    if (kind === failing?.kind && ++made[kind] === failing.at) throw new NativeError("fake", kind, "status", "a test");
    alive++;
  };
  const descriptor = (shape: Shape): MemoryDescriptor => ({ native: {}, bytes: 4 * elementCount(shape) });
  const descriptors = new Map<string, MemoryDescriptor>();
  const known = (shape: Shape): MemoryDescriptor => {
    const found = descriptors.get(String(shape)) ?? descriptor(shape);
    descriptors.set(String(shape), found);
    return found;
  };
  const dnnl: Dnnl = {
    version: "0",
    bf16: "none",
    int8: false,
    plain: known,
    image: known,
    filter: known,
    permuted: (from) => from,
    any: known,
    part: (_, shape) => descriptor(shape),
    equal: (a, b) => a === b,
    primitive: () => {
      make("primitive");
      let handles = 0;
      return {
        implementation: "fake",
        layoutOf: () => null,
        create: () => {
          if (handles === 0) make("handle");
          handles = 1;
          return {};
        },
        destroy: () => {
          alive -= 1 + handles;
        },
      };
    },
    allocate: () => {
      make("block");
      return {
        address: 64n,
        array: (dtype, _, length) => allocate(dtype, length),
        bits16: (_, length) => new Uint16Array(length),
        free: () => void alive--,
      };
    },
    memory: () => {
      make("memory");
      return { handle: {}, setAddress: () => {}, destroy: () => void alive-- };
    },
    arguments: () => ({}),
    execute: () => 0,
    statusName: String,
    addressOf: () => 0n,
    dispose: () => {},
  };
  return { dnnl, alive: () => alive };
};

/** Three primitives over five tensors; `refused`: an input is asked for as an output, which shows at the very end. */
const plan = (refused = false): Plan => {
  const b = new GraphBuilder();
  const x = b.input("x", "f32", [2, 3]);
  const relu = b.add("relu", "relu", { x }, {}).y;
  const sigmoid = b.add("sigmoid", "sigmoid", { x: relu }, {}).y;
  b.output(b.add("add", "sum", { a: relu, b: sigmoid }, {}).y);
  if (refused) b.output(x);
  return makePlan(b.build());
};

const build = (library: ReturnType<typeof countingLibrary>, of: Plan): NativeProgram =>
  new NativeProgram(library.dnnl, of, new NativeState(library.dnnl, new Map()), { convolution: "direct" });

describe("new NativeProgram(dnnl, plan, state, options)", () => {
  const state = 1; // its block, which is not the program's

  test("owns what it has made until free()", () => {
    const library = countingLibrary();
    const program = build(library, plan());
    expect(library.alive()).toBeGreaterThan(state + 3 + 3 + 1 + 3); // primitives, handles, the arena, memories
    program.free();
    expect(library.alive()).toBe(state);
  });

  test("leaves nothing behind when a plan is refused", () => {
    const library = countingLibrary();
    expect(() => build(library, plan(true))).toThrow(UnsupportedError);
    expect(library.alive()).toBe(state);
  });

  test.each([
    { kind: "primitive", at: 3 },
    { kind: "block", at: 2 },
    { kind: "memory", at: 3 },
    { kind: "handle", at: 2 },
  ] as const)("leaves nothing behind when the library fails to make $kind $at", (failing) => {
    const library = countingLibrary(failing);
    expect(() => build(library, plan())).toThrow(NativeError);
    expect(library.alive()).toBe(state);
  });
});
