// Convolutions chosen by measuring: what was chosen comes out as data, and handed in again gives the same code and the same bits.
import { describe, expect, test } from "vitest";
import { benchCase, benchInputs, benchState } from "../../src/commands/bench/bench-case.ts";
import { conditionedTensors } from "../../src/commands/bench/conditioned-tensors.ts";
import { checkGraph } from "../../src/engine/conformance/check-graph.ts";
import type { Choices, NodeImplementation } from "../../src/engine/contract.ts";
import { createOneDnnEngine } from "../../src/engine/onednn/engine.ts";
import type { TakenChoices } from "../../src/engine/onednn/protocol.ts";
import { fuse } from "../../src/passes/fuse.ts";
import { makePlan } from "../../src/plan/plan.ts";
import { namedSpec } from "../../src/spec/named-networks.ts";
import { openOneDnn } from "./onednn.fixture.ts";
import { oneDnnOptions } from "./onednn-options.ts";

const byRule = await openOneDnn();

describe.skipIf(typeof byRule === "string")("measured choices", () => {
  const inF32 = benchCase("train", namedSpec("resnet20", { input: [3, 16, 16] }), 4);

  /** One training step; the choices as a caller collects them. */
  const trainOnce = async (
    known: Choices | null,
    budgetMs = 10_000,
    each = inF32,
  ): Promise<{
    readonly taken: TakenChoices | null;
    readonly implementations: readonly NodeImplementation[];
    readonly weights: ReadonlyMap<string, unknown>;
  }> => {
    let taken: TakenChoices | null = null;
    const options = { ...oneDnnOptions, threads: 1, ...(known !== null && { choices: { known, budgetMs } }) };
    const engine = await createOneDnnEngine(options, {
      onChoices: (choices) => {
        taken = choices;
      },
    });
    try {
      const state = await engine.createState(benchState(each, 1));
      const program = await engine.compile(makePlan(fuse(each.graph, engine.fusions)), state);
      await program.run(benchInputs(each, 1));
      return { taken, implementations: program.implementations, weights: await state.read() };
    } finally {
      await engine.dispose();
    }
  };

  test("are measured once, and then known: the same code, the same bits", async () => {
    const first = await trainOnce({});
    const keys = Object.keys(first.taken?.measured ?? {});
    expect(keys.length).toBeGreaterThan(10); // ResNet-20 has 7 shapes of convolutions, in three directions
    expect(first.taken?.used).toEqual(first.taken?.measured);
    expect(first.taken?.milliseconds).toBeGreaterThan(0);

    const again = await trainOnce(first.taken?.used ?? {});
    expect(again.taken).toEqual({ used: first.taken?.used, measured: {}, milliseconds: 0 });
    expect(again.implementations).toEqual(first.implementations);
    expect(again.weights).toEqual(first.weights);
  });

  test.skipIf(typeof byRule !== "string" && byRule.bf16 !== "fast")(
    "of the form of a gradient are known as well",
    async () => {
      const each = benchCase("train", namedSpec("resnet20", { input: [3, 16, 16] }), 16, "bf16");
      const first = await trainOnce({}, 20_000, each);
      const forms = Object.keys(first.taken?.measured ?? {}).filter((key) => key.includes(": form of backward"));
      expect(forms.length).toBeGreaterThan(0); // of the layers whose code was found fastest in blocks
      const again = await trainOnce(first.taken?.used ?? {}, 20_000, each);
      expect(again.taken).toEqual({ used: first.taken?.used, measured: {}, milliseconds: 0 });
      expect(again.implementations).toEqual(first.implementations);
      expect(again.weights).toEqual(first.weights);
    },
  );

  test("that are nonsense are measured anew", async () => {
    const first = await trainOnce({});
    const nonsense = Object.fromEntries(Object.keys(first.taken?.used ?? {}).map((key) => [key, "f32: quantum"]));
    const again = await trainOnce(nonsense);
    expect(Object.keys(again.taken?.measured ?? {}).length).toBeGreaterThan(10);
    expect(Object.values(again.taken?.used ?? {})).not.toContain("f32: quantum");
  });

  test("are by rule where there is no time to measure", async () => {
    const [rules, hurried] = [await trainOnce(null), await trainOnce({}, 0)];
    expect(rules.taken).toBeNull();
    expect(hurried.taken?.measured).toEqual({});
    expect(Object.values(hurried.taken?.used ?? {}).every((choice) => choice.startsWith("by rule: "))).toBe(true);
    expect(hurried.implementations).toEqual(rules.implementations);
    expect(hurried.weights).toEqual(rules.weights);
  });

  test("give a training step within the bounds that hold for all engines", async () => {
    const engine = await createOneDnnEngine({ ...oneDnnOptions, threads: 1, choices: { known: {}, budgetMs: 10_000 } });
    try {
      const small = benchCase("train", namedSpec("resnext50_32x4d", { input: [3, 32, 32], classes: 10 }), 2);
      const checked = await checkGraph(engine, small.definition, conditionedTensors(small, 1), { runAs: small.graph });
      expect(checked.filter(({ share }) => !(share <= 1))).toEqual([]);
    } finally {
      await engine.dispose();
    }
  });
});

if (typeof byRule !== "string") await byRule.dispose();
