import { describe, expect, test } from "vitest";
import { UsageError } from "../base/errors.ts";
import { randomPurposes, randomStream } from "../base/philox.ts";
import type { ImageShape } from "../base/shape.ts";
import { type HostTensor, type NamedTensors, sharedZeros, tensor } from "../base/tensor.ts";
import { createReferenceEngine } from "../engine/reference/engine.ts";
import { verifyGraph } from "../graph/verify.ts";
import { initialTensors } from "../model/initial-tensors.ts";
import { quantizeFilters } from "../passes/quantize/quantize-tensors.ts";
import { namedNetworks, namedSpec } from "../spec/named-networks.ts";
import type { ResNetSpec } from "../spec/spec.ts";
import { calibrate } from "./calibrate.ts";
import { type Arithmetic, evaluationGraph, evaluationPrograms } from "./evaluation-program.ts";
import type { CalibrationBatch } from "./look-at-activations.ts";

const randomImages = (shape: ImageShape, seed: number): HostTensor<"f32"> => {
  const images = sharedZeros("f32", shape);
  const { normal } = randomStream(seed, randomPurposes.synthetic);
  for (let i = 0; i < images.data.length; i++) images.data[i] = normal();
  return images;
};

/** Running statistics as a training leaves them, so that folding has something to do. */
const trained = (spec: ResNetSpec): NamedTensors => {
  const { normal, uniform } = randomStream(5, randomPurposes.synthetic);
  const drawn = ({ shape, data }: HostTensor, draw: () => number) =>
    tensor("f32", shape, Float32Array.from(data, draw));
  return new Map(
    [...initialTensors(spec, 1)].map(([name, each]) => {
      if (name.endsWith("running_mean")) return [name, drawn(each, () => 0.1 * normal())];
      if (name.endsWith("running_var")) return [name, drawn(each, () => 0.5 + uniform())];
      return [name, each];
    }),
  );
};

const logitsOf = async (spec: ResNetSpec, tensors: NamedTensors, images: HostTensor<"f32">, arithmetic: Arithmetic) => {
  const engine = await createReferenceEngine();
  const state = await engine.createState(tensors);
  const programs = evaluationPrograms(engine, spec, state, arithmetic);
  const [n = 1] = images.shape;
  const { data } = await (await programs.logitsFor([n, ...spec.input]))(images);
  return Array.from(data);
};

const small = (name: string): ResNetSpec => namedSpec(name, { input: [3, 16, 16], classes: 5 });

const calibrated = async (spec: ResNetSpec, tensors: NamedTensors, batches: readonly CalibrationBatch[]) =>
  calibrate(await createReferenceEngine(), spec, tensors, batches);

/** Euclidean. */
const relativeError = (actual: readonly number[], expected: readonly number[]): number => {
  const squares = (numbers: readonly number[]) => numbers.reduce((sum, x) => sum + x * x, 0);
  return Math.sqrt(squares(actual.map((x, i) => x - expected[i]!)) / squares(expected));
};

describe("calibrate(engine, spec, tensors, batches)", () => {
  // Each layer's activations and weights are off by a step's 1/√12 at most, some half a percent of their deviation; errors of 20
  // layers add as squares: some 3 %. Pre-activation networks and those with gates compute in f32 between convolutions.
  for (const name of ["resnet20", "resnet20-b", "resnetv2-20"]) {
    test(`gives a ${name} whose logits are those of the network in f32, but for a few percent`, async () => {
      const spec = small(name);
      const tensors = trained(spec);
      const images = randomImages([4, ...spec.input], 1);
      const network = await calibrated(spec, tensors, [{ images, count: 4 }]);
      const others = randomImages([2, ...spec.input], 2);
      const expected = await logitsOf(spec, tensors, others, "f32");
      const actual = await logitsOf(spec, network.tensors, others, network.quantization);
      const error = relativeError(actual, expected);
      expect(error).toBeLessThan(0.08);
      expect(error).toBeGreaterThan(0); // it is not the network in f32
    });
  }

  test.each([1e-36, 1e-40])(
    "makes dead channels, of batch norms that scale by %s, what they are: their bias",
    async (tiny) => {
      const spec = small("resnet20");
      const changed = (name: string, value: number): readonly [string, HostTensor] => {
        const data = Float32Array.from(trained(spec).get(name)?.data ?? []);
        return [name, tensor("f32", [data.length], data.fill(value, 0, 4))];
      };
      const tensors = new Map([...trained(spec), changed("bn1.weight", tiny), changed("bn1.bias", 0.5)]);
      const images = randomImages([4, ...spec.input], 1);
      const network = await calibrated(spec, tensors, [{ images, count: 4 }]);
      for (const [name, { data }] of network.tensors) expect(data.every(Number.isFinite), name).toBe(true);
      const actual = await logitsOf(spec, network.tensors, images, network.quantization);
      expect(relativeError(actual, await logitsOf(spec, tensors, images, "f32"))).toBeLessThan(0.08);
    },
  );

  test("leaves empty places of a batch out", async () => {
    const spec = small("resnet20");
    const tensors = trained(spec);
    const images = randomImages([2, ...spec.input], 1);
    const padded = sharedZeros("f32", [3, ...spec.input]);
    padded.data.set(images.data);
    padded.data.fill(1000, images.data.length);
    const [whole, part] = await Promise.all([
      calibrated(spec, tensors, [{ images, count: 2 }]),
      calibrated(spec, tensors, [{ images: padded, count: 2 }]),
    ]);
    expect(part.quantization.ranges).toEqual(whole.quantization.ranges);
  });

  test("refuses to go without images, and activations that are not finite", async () => {
    const spec = small("resnet20");
    const tensors = trained(spec);
    await expect(calibrated(spec, tensors, [])).rejects.toThrow(
      new UsageError("there is no image to calibrate on; give some"),
    );
    const images = randomImages([1, ...spec.input], 1);
    images.data[0] = Number.NaN;
    await expect(calibrated(spec, tensors, [{ images, count: 1 }])).rejects.toThrow(
      new UsageError("images: activations are not finite on the images of the calibration, so they have no range"),
    );
  });
});

describe("evaluationGraph(spec, batch, quantization)", () => {
  test("is a graph for every network that has a name", () => {
    for (const { name } of namedNetworks) {
      // Deep ones repeat what others of their family have.
      if (/(200|152|101|1202|1001|110|164)/.test(name)) continue;
      const spec = namedSpec(name);
      const ranges = new Proxy<Record<string, number>>({}, { get: () => 1 });
      const graph = verifyGraph(evaluationGraph(spec, 1, { ranges, filterScales: scalesFor(spec) }));
      expect(
        graph.nodes.filter(({ kind }) => kind === "conv2d"),
        name,
      ).toEqual([]);
      expect(graph.outputs.map(({ name: output }) => output)).toEqual(["fc"]);
    }
  });
});

const scalesFor = (spec: ResNetSpec): Readonly<Record<string, readonly number[]>> =>
  Object.fromEntries(
    evaluationGraph(spec, 1).states.flatMap(({ name, shape }) =>
      shape.length === 4 ? [[name, new Array<number>(shape[0] ?? 0).fill(1)] as const] : [],
    ),
  );

describe("quantizeFilters(weight)", () => {
  test("gives each filter a scale of its own, and its largest weight the level 127", () => {
    const { weight, scales } = quantizeFilters(tensor("f32", [3, 2, 1, 1], Float32Array.of(1, -2, 0.25, 0.125, 0, 0)));
    expect(scales).toEqual([Math.fround(2 / 127), Math.fround(0.25 / 127), 1]);
    expect([...weight.data]).toEqual([64, -127, 127, 64, 0, 0]);
    expect(weight.dtype).toBe("i8");
  });
});
