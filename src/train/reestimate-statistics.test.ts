// Against an independent way to the same numbers: the training program itself, which moves running statistics with a momentum that
// is 1/b in batch b (PyTorch's momentum=None, which update_bn sets) while the learning rate is 0.
import { describe, expect, test } from "vitest";
import type { Precision } from "../base/dtype.ts";
import { UsageError } from "../base/errors.ts";
import { type NamedTensors, scalar, tensor } from "../base/tensor.ts";
import { openTrainingLoader } from "../data/node/loader.ts";
import type { Engine } from "../engine/contract.ts";
import { initialTensors } from "../model/initial-tensors.ts";
import { makePlan } from "../plan/plan.ts";
import { namedSpec } from "../spec/named-networks.ts";
import { parseSpec } from "../spec/parse-spec.ts";
import type { ResNetSpec } from "../spec/spec.ts";
import { recipe } from "./parse-recipe.ts";
import { reestimateStatistics } from "./reestimate-statistics.ts";
import { fields, preprocessing, source, trainTiny, spec as withDropout, withEngine } from "./train.test.fixture.ts";
import { buildTrainingGraph } from "./training-graph.ts";

const spec: ResNetSpec = parseSpec({ ...withDropout, head: { dropout: 0 } }, "tiny");
const batch = 5;
const batches = 4;
const open = () => openTrainingLoader({ source, preprocessing, augmentation: null, batch, seed: 11, workers: 0 });

/** PyTorch's cumulative average: running ← (1 − 1/b) · running + 1/b · batch, whose variance is the unbiased one. */
const cumulative = async (
  engine: Engine,
  of: ResNetSpec,
  tensors: NamedTensors,
  dtype: Precision,
): Promise<NamedTensors> => {
  const loader = open();
  const plain = recipe({ ...fields, batch, dtype, optimizer: { kind: "sgd", momentum: 0, weightDecay: 0 } });
  const state = await engine.createState(tensors);
  for (let b = 1; b <= batches; b++) {
    const { graph } = buildTrainingGraph({ ...of, batchNorm: { ...of.batchNorm, momentum: 1 / b } }, plain);
    const program = await engine.compile(makePlan(graph), state);
    const { images, labels, release } = await loader.next();
    await program.run({ images, labels, learningRate: scalar("f32", 0) });
    release();
    await program.dispose();
  }
  await loader.dispose();
  const result = await state.read();
  await state.dispose();
  return result;
};

const reestimated = async (engine: Engine, of: ResNetSpec, tensors: NamedTensors, precision?: Precision) => {
  const loader = open();
  const { next } = loader;
  try {
    const images = { batch, batches, nextBatch: next };
    return await reestimateStatistics({ engine, spec: of, tensors, ...images, ...(precision && { precision }) });
  } finally {
    await loader.dispose();
  }
};

describe("reestimateStatistics(options)", () => {
  test.each([
    ["unbiased", "f32"],
    ["biased", "f32"],
    ["unbiased", "bf16"],
  ] as const)("is update_bn's cumulative average, with the %s variance, in %s", (runningVariance, precision) =>
    withEngine(async (engine) => {
      const of = { ...spec, batchNorm: { ...spec.batchNorm, runningVariance } };
      const tensors = initialTensors(of, 3);
      const { tensors: renewed } = await reestimated(engine, of, tensors, precision);
      const expected = await cumulative(engine, of, tensors, precision);
      let statistics = 0;
      for (const [name, { data }] of renewed) {
        if (!name.includes(".running_")) {
          expect(data, name).toBe(tensors.get(name)?.data);
          continue;
        }
        statistics++;
        for (const [c, value] of data.entries()) {
          // The loop rounds to f32 once for each batch, numbers that are at most about as large as the largest of the tensor.
          const largest = Math.max(...data.map(Math.abs));
          expect(Math.abs(value - expected.get(name)!.data[c]!), `${name}[${c}]`).toBeLessThanOrEqual(
            (batches + 1) * 2 ** -24 * 2 * largest,
          );
        }
      }
      expect(statistics).toBe(6);
    }),
  );

  test("tells the largest change of a mean in new deviations", () =>
    withEngine(async (engine) => {
      const tensors = initialTensors(spec, 3);
      const { tensors: renewed, largestMeanChange } = await reestimated(engine, spec, tensors);
      const changes = [...renewed].flatMap(([name, { data }]) => {
        if (!name.endsWith(".running_mean")) return [];
        const variance = renewed.get(name.replace("_mean", "_var"))!.data;
        return [...data].map((mean, c) => Math.abs(mean) / Math.sqrt(variance[c]! + 1e-5)); // means were 0
      });
      expect(largestMeanChange.deviations).toBe(Math.max(...changes));
      expect(largestMeanChange.layer).toMatch(/bn\d$/);
    }));

  test("finds nothing new where it has been, and gives the same bytes each time", () =>
    withEngine(async (engine) => {
      const { result } = await trainTiny({ spec });
      const once = await reestimated(engine, spec, result.checkpoint.model);
      const twice = await reestimated(engine, spec, once.tensors);
      expect(once.largestMeanChange.deviations).toBeGreaterThan(0);
      expect(twice.largestMeanChange.deviations).toBe(0);
      for (const [name, { data }] of once.tensors) expect(twice.tensors.get(name)?.data).toEqual(data);
    }));

  test("computes activations in the precision that it is told, f32 unless it is", () =>
    withEngine(async (engine) => {
      const tensors = initialTensors(spec, 3);
      const meansIn = async (precision?: Precision) =>
        (await reestimated(engine, spec, tensors, precision)).tensors.get("bn1.running_mean")?.data;
      expect(await meansIn("f32")).toEqual(await meansIn());
      expect(await meansIn("bf16")).not.toEqual(await meansIn());
    }));

  test("drops nothing, so that it needs no key", () =>
    withEngine(async (engine) => {
      const { tensors } = await reestimated(engine, withDropout, initialTensors(withDropout, 3));
      expect(tensors.get("bn1.running_mean")?.data).toEqual(
        (await reestimated(engine, spec, initialTensors(spec, 3))).tensors.get("bn1.running_mean")?.data,
      );
    }));

  test("gives a batch back whose run fails", () =>
    withEngine(async (engine) => {
      const loader = open();
      let held = 0;
      const nextBatch = async () => {
        const batchOf = await loader.next();
        held++;
        const release = () => {
          held--;
          batchOf.release();
        };
        return { ...batchOf, images: tensor("f32", [1, 1, 1, 1], Float32Array.of(0)), release };
      };
      const tensors = initialTensors(spec, 3);
      await expect(reestimateStatistics({ engine, spec, tensors, batch, batches, nextBatch })).rejects.toThrow(
        "images",
      );
      expect(held).toBe(0);
      await loader.dispose();
    }));

  test("refuses a network without batch norm", () =>
    withEngine(async (engine) => {
      const bare = namedSpec("residual-mlp-5");
      await expect(reestimated(engine, bare, initialTensors(bare, 1))).rejects.toThrow(
        new UsageError("residual-mlp-5 has no batch norm: there are no statistics to estimate anew"),
      );
    }));

  test("refuses weights that give no finite statistics", () =>
    withEngine(async (engine) => {
      const tensors = initialTensors(spec, 3);
      tensors.get("conv1.weight")?.data.fill(1e38);
      await expect(reestimated(engine, spec, tensors)).rejects.toThrow(
        new UsageError("weights: bn1 gives statistics that are not finite"),
      );
    }));
});
