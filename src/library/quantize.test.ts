// The verb quantize on a tiny network and the reference engine.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { UsageError } from "../base/errors.ts";
import type { CommandEvent } from "../commands/events.ts";
import type { DataSet } from "../data/data-set.ts";
import { syntheticSource } from "../data/synthetic.ts";
import { initialTensors } from "../model/initial-tensors.ts";
import { resnet } from "../spec/named-networks.ts";
import { loadModel, type Model, modelOf } from "./model.ts";
import { quantize } from "./quantize.ts";
import { evaluate, train } from "./verbs.ts";

const input = [1, 8, 8] as const;
const images = (count: number) => syntheticSource({ images: count, shape: input, classes: 3, seed: 1 });
const data: DataSet = {
  name: "synthetic",
  classes: ["a", "b", "c"],
  train: images(40),
  test: images(20),
  validation: null,
  origin: "made up",
  files: [],
};
const spec = resnet("resnet20", { input, classes: 3 });
const fresh = (): Model =>
  modelOf({ spec, tensors: initialTensors(spec, 1), preprocessing: null, classes: data.classes });
const reference = { engine: "reference" } as const;

describe("quantize(model, data)", () => {
  test("gives a model that evaluates to what it tells, and is the same after save and load", async () => {
    const events: CommandEvent[] = [];
    const quantized = await quantize(fresh(), data, { ...reference, images: 8, onEvent: (each) => events.push(each) });
    expect(quantized).toMatchObject({ split: "test", calibrationImages: 8, agreement: { n: 20 } });
    expect(quantized.agreement.value).toBeGreaterThanOrEqual(0.8);
    expect(quantized.model.tensors.get("conv1.weight")?.dtype).toBe("i8");
    expect(events.filter(({ event }) => event === "calibrating")).toHaveLength(2); // batches of 4

    const { top1 } = await evaluate(quantized.model, data.test, reference);
    expect(top1).toBe(quantized.top1?.int8.value);
    const folder = await mkdtemp(join(tmpdir(), "residual-library-"));
    try {
      await quantized.model.save(join(folder, "bytes.safetensors"));
      const { save: _, ...loaded } = await loadModel(join(folder, "bytes.safetensors"));
      const { save: __, ...made } = quantized.model;
      expect(loaded).toEqual(made);
      // Nobody can learn from rounded filters, or round them once more.
      await expect(
        train({ ...reference, data, weights: join(folder, "bytes.safetensors"), epochs: 1 }),
      ).rejects.toThrow(
        new UsageError(
          `${join(folder, "bytes.safetensors")} is quantised: its weights are bytes, from which nobody can train further; take those it was made from`,
        ),
      );
    } finally {
      await rm(folder, { recursive: true });
    }
    await expect(quantize(quantized.model, data, reference)).rejects.toThrow(
      new UsageError(
        "the resnet20 is quantised: its weights are bytes, from which nobody can quantise again; take those it was made from",
      ),
    );
  });

  test("refuses what the command refuses, and stops when it is aborted", async () => {
    await expect(quantize(fresh(), data, { ...reference, images: 0 })).rejects.toThrow(
      new UsageError("--images should be a whole number of at least 1 but is 0"),
    );
    await expect(quantize(fresh(), data, { ...reference, split: "train" })).rejects.toThrow(
      new UsageError("--split train was measured on; take test or validation"),
    );
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(quantize(fresh(), data, { ...reference, images: 4, signal })).rejects.toThrow("enough");
  });
});
