import { afterAll, describe, expect, test } from "vitest";
import { allocate, type FloatDType } from "../../src/base/dtype.ts";
import { elementCount } from "../../src/base/shape.ts";
import { type HostTensor, scalar, tensor } from "../../src/base/tensor.ts";
import type { Graph } from "../../src/graph/graph.ts";
import { runGraph } from "../conformance/run-graph.ts";
import { type Comparison, compareTensor, formatWorst, worstOf } from "./compare.ts";
import { goldenEngines, openOrReason } from "./engines.ts";
import { type OperandSource, type OperationCase, readFixture } from "./fixtures.ts";
import { hashes, uniform } from "./formula.ts";
import { operationGraph } from "./operation-graphs.ts";

const { seed, samples, cases } = readFixture("operations");

const values = (name: string, source: OperandSource): ArrayLike<number> =>
  source.kind === "uniform"
    ? uniform(seed, name, source.shape, source.offset, source.scale).data
    : Float64Array.from(
        hashes(seed, name, elementCount(source.shape)),
        (hash) => source.offset + (hash % source.below),
      );

const operandTensors = (caseName: string, golden: OperationCase, dtype: FloatDType): Map<string, HostTensor> => {
  const tensors = new Map<string, HostTensor>();
  for (const [name, source] of Object.entries(golden.operands)) {
    const data = allocate(name === "labels" ? "i32" : dtype, elementCount(source.shape));
    data.set(values(`${caseName}.${name}`, source));
    tensors.set(name, tensor(name === "labels" ? "i32" : dtype, source.shape, data));
  }
  if (golden.operation === "sgd") tensors.set("learningRate", scalar(dtype, golden.params.learningRate));
  return tensors;
};

for (const goldenEngine of goldenEngines) {
  const { name, dtypes, safety, limits } = goldenEngine;
  const title = `operations of the engine ${name}, against PyTorch in f64`;
  const engine = await openOrReason(goldenEngine);
  if (typeof engine === "string") {
    test.skip(`${title}: skipped, for ${engine}`, () => {});
    continue;
  }
  describe(title, () => {
    afterAll(() => engine.dispose());

    for (const dtype of dtypes) {
      const entries = Object.entries(cases);
      const run = (caseName: string, golden: OperationCase, graph: Graph) =>
        runGraph(engine, graph, operandTensors(caseName, golden, dtype));

      const limited = entries.filter(([caseName]) => caseName in limits);
      if (limited.length > 0) {
        test.each(limited)(`%s in ${dtype} is refused`, async (caseName, golden) => {
          const { graph } = operationGraph(golden, dtype);
          await expect(run(caseName, golden, graph)).rejects.toThrow(limits[caseName]);
        });
      }

      const able = entries.filter(([caseName]) => !(caseName in limits));
      test.each(able)(`%s in ${dtype} is within its bound`, async (caseName, golden) => {
        const { graph, results } = operationGraph(golden, dtype);
        const { outputs } = await run(caseName, golden, graph);
        expect(Object.keys(results).sort()).toEqual(Object.keys(golden.results).sort());
        const comparisons: Comparison[] = Object.entries(golden.results).flatMap(([result, digest]) => {
          const output = outputs.get(results[result]?.name ?? "");
          if (!output) throw new Error(`${caseName}: the engine gave no ${result}`);
          return compareTensor(`${caseName}.${result}`, output, digest, samples, { dtype, safety });
        });
        expect(worstOf(comparisons).share, formatWorst(caseName, comparisons)).toBeLessThanOrEqual(1);
      });
    }
  });
}
