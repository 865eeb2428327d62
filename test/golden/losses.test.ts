// Mixed targets, soft and binary cross-entropy and their gradients, against PyTorch in f64.
import { afterAll, describe, expect, test } from "vitest";
import { allocate, type FloatDType, unitRoundoff } from "../../src/base/dtype.ts";
import { scalar, tensor } from "../../src/base/tensor.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { differentiate } from "../../src/passes/differentiate.ts";
import { runGraph } from "../conformance/run-graph.ts";
import { goldenEngines, openOrReason } from "./engines.ts";
import { readFixture } from "./fixtures.ts";
import { integers, uniform } from "./formula.ts";

const { seed, cases } = readFixture("losses");

const graphOf = (name: string, dtype: FloatDType) => {
  const { kind, size, labelSmoothing, threshold } = cases[name]!;
  const [n, classes] = size;
  const builder = new GraphBuilder();
  const logits = builder.input("logits", dtype, [n, classes]);
  const [labels, partners] = [builder.input("labels", "i32", [n]), builder.input("partners", "i32", [n])];
  const mixed = { labels, partners, share: builder.input("share", dtype, [n]) };
  const { targets } = builder.add("mixedTargets", "targets", mixed, { classes, labelSmoothing, threshold });
  const over = kind === "binaryCrossEntropySum" ? "sum" : "mean";
  const { loss } =
    kind === "softCrossEntropy"
      ? builder.add("softCrossEntropy", "loss", { logits, targets }, {})
      : builder.add("binaryCrossEntropy", "loss", { logits, targets }, { over });
  const { graph, gradients } = differentiate(builder.build(), loss, [logits]);
  const whole = GraphBuilder.from(graph);
  const dLogits = gradients.get("logits")!;
  for (const value of [targets, loss, dLogits]) whole.output(value);
  return { graph: whole.build(), names: { targets: targets.name, loss: loss.name, dLogits: dLogits.name } };
};

const floats = (name: string, dtype: FloatDType, shape: readonly number[], offset: number, scale: number) => {
  const values = uniform(seed, name, shape, offset, scale).data;
  const data = allocate(dtype, values.length);
  data.set(values);
  return tensor(dtype, shape, data);
};

for (const goldenEngine of goldenEngines) {
  const engine = await openOrReason(goldenEngine);
  const title = `losses on the engine ${goldenEngine.name}`;
  if (typeof engine === "string") {
    test.skip(`${title}: skipped, for ${engine}`, () => {});
    continue;
  }
  describe(title, () => {
    afterAll(() => engine.dispose());
    for (const dtype of goldenEngine.dtypes) {
      test.each(Object.keys(cases))(`%s, in ${dtype}`, async (name) => {
        const { size, targets, loss, dLogits } = cases[name]!;
        const [n, classes] = size;
        const { graph, names } = graphOf(name, dtype);
        const { outputs } = await runGraph(
          engine,
          graph,
          new Map([
            ["logits", floats(`${name}.logits`, dtype, [n, classes], 0, 4)],
            ["labels", tensor("i32", [n], integers(seed, `${name}.labels`, n, classes))],
            ["partners", tensor("i32", [n], integers(seed, `${name}.partners`, n, classes))],
            ["share", floats(`${name}.share`, dtype, [n], 0.5, 0.5)],
            ["learningRate", scalar(dtype, 0)],
          ]),
        );
        const within = (output: string, expected: readonly number[], magnitude: number): void => {
          const actual = outputs.get(output)?.data ?? [];
          expect(actual.length).toBe(expected.length);
          // Sums of n·classes terms of at most `magnitude`, each of some 16 roundings.
          const allowed = (n * classes + 16) * unitRoundoff[dtype] * magnitude;
          for (const [i, value] of expected.entries())
            expect(Math.abs((actual[i] ?? 9) - value)).toBeLessThanOrEqual(allowed);
        };
        within(names.targets, targets, 1);
        within(names.loss, [loss], Math.max(8, loss)); // logits lie within ±4
        within(names.dLogits, dLogits, 1);
      });
    }
  });
}
