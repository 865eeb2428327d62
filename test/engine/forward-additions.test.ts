// The training of a pre-activation net adds shortcuts as its convolutions write their results: no call of its own, forward.
import { afterAll, describe, expect, test } from "vitest";
import { benchCase, benchSpec, benchState } from "../../src/commands/bench/bench-case.ts";
import { fuse } from "../../src/passes/fuse.ts";
import { makePlan } from "../../src/plan/plan.ts";
import { openOneDnn } from "./onednn.fixture.ts";

const engine = await openOneDnn();

describe.skipIf(typeof engine === "string")("a training of resnetv2-20", () => {
  if (typeof engine === "string") return;
  afterAll(() => engine.dispose());

  test.each(["f32", "bf16"] as const)(
    "in %s has one call for each convolution and the addition after it",
    async (dtype) => {
      const each = benchCase("train", benchSpec({ model: "resnetv2-20", image: 16 }), 2, dtype);
      const state = await engine.createState(benchState(each, 0));
      const program = await engine.compile(makePlan(fuse(each.graph, engine.fusions)), state);
      const ends = program.implementations.filter(({ node }) => node.endsWith(".add"));
      expect(ends.length).toBe(9); // blocks
      for (const { node, implementation } of ends) {
        expect(node).toMatch(/^(layer\d\.\d\.)conv2\+\1add$/);
        expect(implementation).toMatch(/^jit(_bf16)?:avx512_core/);
      }
      await program.dispose();
      await state.dispose();
    },
  );
});
