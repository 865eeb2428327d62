// Operations that an engine has fast code for in every layout that its cases lead to: none may fall to the library's plain loops.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { allocate, type Precision } from "../../src/base/dtype.ts";
import { elementCount } from "../../src/base/shape.ts";
import { tensor } from "../../src/base/tensor.ts";
import type { Engine } from "../../src/engine/contract.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import type { OpKind } from "../../src/graph/ops.ts";
import { withPrecision } from "../../src/passes/precision.ts";
import { makePlan } from "../../src/plan/plan.ts";
import { cases } from "./cases/cases.ts";

/** Declares one test for each kind: no implementation behind one of its cases is called `ref…`. */
export const describeFastCode = (
  createEngine: () => Promise<Engine>,
  precision: Precision,
  kinds: readonly Exclude<OpKind, "fused">[],
): void => {
  describe(`fast code in ${precision}`, () => {
    let engine: Engine | null = null;
    beforeAll(async () => {
      engine = await createEngine();
    });
    afterAll(async () => engine?.dispose());

    test.each(kinds)("of %s", async (kind) => {
      if (engine === null) throw new Error("no engine");
      for (const [title, build] of Object.entries(cases[kind])) {
        const builder = new GraphBuilder();
        for (const value of build(builder, "f32")) builder.output(value);
        const graph = withPrecision(builder.build(), precision);
        const empty = graph.states.map(
          ({ name, dtype, shape }) => [name, tensor(dtype, shape, allocate(dtype, elementCount(shape)))] as const,
        );
        const state = await engine.createState(new Map(empty));
        const program = await engine.compile(makePlan(graph), state);
        const slow = program.implementations.filter(({ implementation }) => implementation.startsWith("ref"));
        expect(slow, title).toEqual([]);
        await program.dispose();
        await state.dispose();
      }
    });
  });
};
