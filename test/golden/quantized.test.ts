// int8 against numpy's integers (which PyTorch's quantised convolutions were held to when the golden was made): operations over bytes on
// every engine, filters as bytes, and the ranges of a calibration.
import { afterAll, describe, expect, test } from "vitest";
import { type ByteDType, byteLevels } from "../../src/base/dtype.ts";
import { elementCount, type ImageShape, type Shape } from "../../src/base/shape.ts";
import { type HostTensor, type NamedTensors, sharedZeros, tensor } from "../../src/base/tensor.ts";
import { createReferenceEngine } from "../../src/engine/reference/engine.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import type { Graph } from "../../src/graph/graph.ts";
import type { Value } from "../../src/graph/value.ts";
import { buildGraph } from "../../src/model/forward.ts";
import { parameterTable } from "../../src/model/parameter-table.ts";
import { foldTensors } from "../../src/passes/fold-tensors.ts";
import { calibrationPoints } from "../../src/passes/quantize/quantize-graph.ts";
import { quantizeFilters } from "../../src/passes/quantize/quantize-tensors.ts";
import { errorFeedback, roundWithFeedback } from "../../src/passes/quantize/round-with-feedback.ts";
import { namedSpec } from "../../src/spec/named-networks.ts";
import { ActivationHistogram, leastErrorRange } from "../../src/train/activation-histogram.ts";
import { foldedGraph, lookAtActivations } from "../../src/train/look-at-activations.ts";
import { runGraph } from "../conformance/run-graph.ts";
import { compareNumber, worstOf } from "./compare.ts";
import { goldenEngines, openOrReason } from "./engines.ts";
import { readFixture } from "./fixtures.ts";
import { hashes, sampleIndices, stateTensor, stepImages, uniform } from "./formula.ts";
import type { KeptLevels, LevelKind, QuantizedConvolutionCase } from "./quantized-fixture.ts";

const { samples, convolutions, quantize, filters, feedback, ranges } = readFixture("quantized");

/** As tools/goldens/quantized.py's bytes_of. */
const levelsOf = (name: string, shape: Shape, dtype: ByteDType, kind: LevelKind): HostTensor<"f32"> => {
  const [least, largest] = byteLevels[dtype];
  const rules: { readonly [K in LevelKind]: (hash: number) => number } = {
    any: (hash) => least + (hash % (largest - least + 1)),
    extreme: (hash) => (hash % 2 === 0 ? least : largest),
    largest: () => largest,
  };
  return tensor("f32", shape, Float32Array.from(hashes(0, name, elementCount(shape)), rules[kind]));
};

/** Bytes of the type: a level is worth 1, so that every engine begins from the same. */
const bytes = (b: GraphBuilder, name: string, shape: ImageShape, dtype: ByteDType): Value<ImageShape> => ({
  ...b.add("quantize", `${name}.levels`, { x: b.input(name, "f32", shape) }, { dtype, scale: 1 }).y,
  shape,
});

/** Outputs are no u8: those are read as f32, which holds every level. */
const readable = (b: GraphBuilder, y: Value): void => {
  b.output(y.dtype === "f32" ? y : b.add("cast", "y.f32", { x: y }, { dtype: "f32" }).y);
};

const convolutionGraph = ({ x, weight, shortcut, params, result }: QuantizedConvolutionCase): Graph => {
  const b = new GraphBuilder();
  const [n = 0, o = 0, h = 0, w = 0] = result.shape;
  const shape = [n, o, h, w] as const;
  const added =
    shortcut === null
      ? undefined
      : shortcut === "f32"
        ? b.input("shortcut", "f32", shape)
        : bytes(b, "shortcut", shape, shortcut);
  const operands = {
    x: bytes(b, "x", x.shape, x.dtype),
    weight: b.state("weight", "i8", weight.shape),
    bias: b.state("bias", "f32", [weight.shape[0]]),
    ...(added && { shortcut: added }),
  };
  readable(b, b.add("quantizedConv2d", "conv", operands, params).y);
  return b.build();
};

const convolutionTensors = (name: string, golden: QuantizedConvolutionCase): NamedTensors => {
  const { x, weight, bias, shortcut, result } = golden;
  const levels = levelsOf(`${name}.weight`, weight.shape, "i8", weight.kind);
  const tensors = new Map<string, HostTensor>([
    ["x", levelsOf(`${name}.x`, x.shape, x.dtype, x.kind)],
    ["weight", tensor("i8", weight.shape, Int8Array.from(levels.data))],
    ["bias", tensor("f32", [bias.length], Float32Array.from(bias))],
  ]);
  const added = `${name}.shortcut`;
  if (shortcut === "f32") tensors.set("shortcut", uniform(0, added, result.shape, 0, 64));
  else if (shortcut !== null) tensors.set("shortcut", levelsOf(added, result.shape, shortcut, "any"));
  return tensors;
};

/** Every level is the golden's; at its ties one beside it is as right. */
const expectLevels = (actual: ArrayLike<number>, { levels, ties }: KeptLevels): void => {
  const mayDiffer = new Set(ties);
  const given = Array.from(actual, (level, i) => {
    const expected = levels[i] ?? Number.NaN;
    return mayDiffer.has(i) && Math.abs(level - expected) === 1 ? expected : level;
  });
  expect(given).toEqual(levels);
};

const onlyOutput = (outputs: NamedTensors): HostTensor => {
  const [output] = outputs.values();
  if (output === undefined) throw new Error("the graph has an output");
  return output;
};

for (const goldenEngine of goldenEngines) {
  const title = `bytes on the engine ${goldenEngine.name}, against numpy's integers`;
  const engine = await openOrReason(goldenEngine);
  if (typeof engine === "string") {
    test.skip(`${title}: skipped, for ${engine}`, () => {});
    continue;
  }
  describe(title, () => {
    afterAll(() => engine.dispose());

    test.each(Object.entries(convolutions))("quantizedConv2d %s", async (name, golden) => {
      const { outputs } = await runGraph(engine, convolutionGraph(golden), convolutionTensors(name, golden));
      const { shape, data } = onlyOutput(outputs);
      const { result } = golden;
      expect(shape).toEqual(result.shape);
      if ("sums" in result) expect(Array.from(data)).toEqual(result.sums);
      else if ("levels" in result) expectLevels(data, result);
      else {
        const figures = sampleIndices(name, data.length, samples).map((index, i) =>
          compareNumber(`${name}[${index}]`, data[index]!, result.samples[i]!, result.bounds[i]!),
        );
        expect(worstOf(figures).share).toBeLessThanOrEqual(1);
      }
    });

    test.each(Object.entries(quantize))("quantize %s", async (name, { width, params, result }) => {
      const b = new GraphBuilder();
      readable(b, b.add("quantize", "y", { x: b.input("x", "f32", result.shape) }, params).y);
      const x = uniform(0, `${name}.x`, result.shape, 0, width);
      const { outputs } = await runGraph(engine, b.build(), new Map([["x", x]]));
      expectLevels(onlyOutput(outputs).data, result);
    });
  });
}

test("quantizeFilters(weight) gives the levels and scales of PyTorch's observer of channels", () => {
  const data = Float32Array.from(filters.weight);
  const { weight, scales } = quantizeFilters(tensor("f32", filters.shape, data));
  // Each is the same quotient rounded to f32 once: bit-equal.
  expect(scales).toEqual(filters.scales);
  expectLevels(weight.data, filters);
});

test("roundWithFeedback(weights, feedback) gives the levels of GPTQ as its paper has it, by another factor", () => {
  const found = errorFeedback(Float64Array.from(feedback.covariance));
  if (found === null) throw new Error("something varies");
  const levels = feedback.weight.map((weights) => roundWithFeedback(Float64Array.from(weights), found));
  expect(levels.map((each) => [...each])).toEqual(feedback.levels);
});

describe("leastErrorRange(histogram, levels), against PyTorch's activations", () => {
  test("finds ranges whose measured error is the least, as near as the histogram's bins tell", async () => {
    const { model, seed, batch, image, classes, points } = ranges;
    const spec = namedSpec(model, { input: image, classes });
    const tensors = new Map(parameterTable(spec).map(({ name, shape }) => [name, stateTensor(seed, name, shape)]));
    const images = sharedZeros("f32", [batch, ...image]);
    images.data.set(stepImages(seed, 0, [batch, ...image]).data);
    const kept = calibrationPoints(foldedGraph(spec, 1));
    const histograms = new Map([...kept.keys()].map((name) => [name, new ActivationHistogram()]));
    const engine = await createReferenceEngine();
    const folded = foldTensors(buildGraph(spec, { mode: "evaluation", batch: 1 }), tensors);
    await lookAtActivations(engine, spec, folded, new Set(kept.keys()), [{ images, count: batch }], (name, elements) =>
      histograms.get(name)?.add(elements),
    );
    await engine.dispose();
    expect([...kept.keys()].sort()).toEqual(Object.keys(points).sort());
    for (const [name, { dtype, within }] of Object.entries(points)) {
      expect(kept.get(name), name).toBe(dtype);
      const range = leastErrorRange(histograms.get(name) ?? new ActivationHistogram(), byteLevels[dtype][1]);
      expect(range, name).toBeGreaterThanOrEqual(within[0]);
      expect(range, name).toBeLessThanOrEqual(within[1]);
    }
  });
});
