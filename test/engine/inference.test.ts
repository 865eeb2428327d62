// Evaluation programs: a network with batch norm folded and everything fused is the network as it is defined, in f64.
import { afterAll, describe, expect, test } from "vitest";
import { unitRoundoff } from "../../src/base/dtype.ts";
import { MissingError } from "../../src/base/errors.ts";
import { checkGraph } from "../../src/engine/conformance/check-graph.ts";
import { distance } from "../../src/engine/conformance/compare-values.ts";
import { interpretExactly } from "../../src/engine/conformance/interpret.ts";
import { createOneDnnEngine, type OneDnnEngine } from "../../src/engine/onednn/engine.ts";
import { createReferenceEngine } from "../../src/engine/reference/engine.ts";
import { buildGraph } from "../../src/model/forward.ts";
import { fuse } from "../../src/passes/fuse.ts";
import { makePlan } from "../../src/plan/plan.ts";
import { namedSpec } from "../../src/spec/named-networks.ts";
import { evaluationGraph } from "../../src/train/evaluation-program.ts";
import { inferenceNetworks, trainedTensors } from "./inference-networks.ts";
import { oneDnnOptions } from "./onednn-options.ts";

const timeoutMs = 60_000;
const open = async (convolution: "direct" | "auto"): Promise<OneDnnEngine | string> => {
  try {
    return await createOneDnnEngine({ ...oneDnnOptions, threads: 1, convolution });
  } catch (error) {
    if (error instanceof MissingError) return error.message;
    throw error;
  }
};

describe("a network with batch norm folded", () => {
  // Folding multiplies in another order. In f64 that is all: some twenty layers, each with a dozen roundings on either side.
  test.each(inferenceNetworks)("is the same function in f64: %s", { timeout: timeoutMs }, (_, spec) => {
    const tensors = trainedTensors(spec, 1);
    const exact = interpretExactly(buildGraph(spec, { mode: "evaluation", batch: 1 }), tensors).get("fc") ?? [];
    const folded = interpretExactly(evaluationGraph(spec, 1), tensors).get("fc") ?? [];
    const norm = distance(exact, new Float64Array(exact.length));
    expect(norm).toBeGreaterThan(0.01);
    expect(distance(folded, exact) / norm).toBeLessThan(20 * 12 * 2 * unitRoundoff.f64);
  });
});

for (const convolution of ["direct", "auto"] as const) {
  const engine = await open(convolution);
  if (typeof engine === "string") {
    test.skip(`inference on oneDNN: skipped, for ${engine}`, () => {});
    continue;
  }
  describe(`inference on oneDNN, convolution ${convolution}`, () => {
    afterAll(() => engine.dispose());

    // A batch of 1 takes other layouts, and 4 images Winograd's algorithm.
    const cases = inferenceNetworks.flatMap(([title, spec]) => [1, 4].map((batch) => [title, batch, spec] as const));
    test.each(cases)(
      "%s, batch %i, agrees with the unfolded network in f64",
      { timeout: timeoutMs },
      async (_, batch, spec) => {
        const tensors = trainedTensors(spec, batch);
        const checks = await checkGraph(engine, buildGraph(spec, { mode: "evaluation", batch }), tensors, {
          runAs: evaluationGraph(spec, batch),
        });
        expect(checks.map(({ name }) => name)).toEqual(["fc"]);
        for (const { share, relative } of checks) {
          expect(share).toBeLessThanOrEqual(1);
          expect(relative).toBeLessThan(0.01); // what is allowed is small beside the logits
        }
      },
    );

    test("no batch norm, no relu and no addition of a resnet50 is a call of its own", async () => {
      const spec = namedSpec("resnet50", { input: [3, 64, 64] });
      const graph = fuse(evaluationGraph(spec, 4), engine.fusions);
      const state = await engine.createState(trainedTensors(spec, 1));
      const program = await engine.compile(makePlan(graph), state);
      const steps = graph.nodes.filter(({ part }) => part === "step");
      // 53 convolutions, the pools, flattening or none, and the dense layer.
      expect(steps.filter(({ kind }) => kind === "fused")).toHaveLength(53);
      expect(new Set(steps.map(({ kind }) => kind))).toEqual(
        new Set(["fused", "maxPool", "globalAveragePool", "dense"]),
      );
      const slow = program.implementations.filter(({ implementation }) => /^(ref|gemm|simple)/.test(implementation));
      expect(slow).toEqual([]);
      await program.dispose();
      await state.dispose();
    });

    test("a dense layer's weights are brought into another layout once for a state, and computed by newer code than gemm", async () => {
      const spec = namedSpec("resnet18", { input: [3, 32, 32] });
      const state = await engine.createState(trainedTensors(spec, 1));
      const program = await engine.compile(makePlan(fuse(evaluationGraph(spec, 4), engine.fusions)), state);
      const calls = program.implementations.filter(({ node }) => node.startsWith("fc")).map(({ node }) => node);
      expect(calls).toEqual(["fc (reorder of fc.weight)", "fc"]);
      const { implementation } = program.implementations.find(({ node }) => node === "fc") ?? {};
      expect(implementation).toMatch(/^brgemm/);
      await program.dispose();
      await state.dispose();
    });
  });
}

test("the reference engine runs what oneDNN's fusions made of a folded network", { timeout: timeoutMs }, async () => {
  const dnnl = await open("direct");
  if (typeof dnnl === "string") return console.warn(`not tested: ${dnnl}`);
  const spec = namedSpec("resnet20", { input: [3, 16, 16] });
  const tensors = trainedTensors(spec, 2);
  const reference = await createReferenceEngine();
  const checks = await checkGraph(reference, buildGraph(spec, { mode: "evaluation", batch: 2 }), tensors, {
    runAs: fuse(evaluationGraph(spec, 2), dnnl.fusions),
  });
  await dnnl.dispose();
  for (const { share } of checks) expect(share).toBeLessThanOrEqual(1);
});
