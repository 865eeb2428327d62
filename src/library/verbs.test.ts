// The library's verbs on a tiny network and the reference engine: what they return, how they stop, what they refuse.
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { UsageError } from "../base/errors.ts";
import type { CommandEvent } from "../commands/events.ts";
import type { DataSet } from "../data/data-set.ts";
import { jpeg, writeFiles } from "../data/node/image-folder.test.fixture.ts";
import { syntheticSource } from "../data/synthetic.ts";
import { initialTensors } from "../model/initial-tensors.ts";
import { resnet } from "../spec/named-networks.ts";
import { parseSpec } from "../spec/parse-spec.ts";
import { loadModel, modelOf } from "./model.ts";
import { evaluate, openData, resumeTraining, train, trainToDirectory } from "./verbs.ts";
import { convert, openWeights, pull } from "./weights.ts";

const spec = parseSpec(
  {
    name: "tiny",
    input: [1, 8, 8],
    classes: 3,
    stem: { width: 4, kernel: 3, stride: 1, pool: null },
    stages: [{ blocks: 1, width: 8, stride: 2 }],
    block: "basic",
    shortcut: "A",
  },
  "tiny",
);
const data: DataSet = {
  name: "synthetic",
  classes: ["a", "b", "c"],
  train: syntheticSource({ images: 60, shape: [1, 8, 8], classes: 3, seed: 1 }),
  test: syntheticSource({ images: 30, shape: [1, 8, 8], classes: 3, seed: 1 }),
  validation: null,
  origin: "made up",
  files: [],
};
const options = { model: spec, data, batch: 10, epochs: 2, engine: "reference", workers: 0 } as const;

describe("train(options)", () => {
  test("gives the same weights for the same seed, held-out images' accuracy, and what evaluate finds", async () => {
    const run = await train({ ...options, validation: 9 });
    expect(run).toMatchObject({ interrupted: false, epochs: 2, steps: 10 });
    expect(run.validation?.n).toBe(9);
    const again = await train({ ...options, validation: 9 });
    expect([...again.model.tensors]).toEqual([...run.model.tensors]);
    const { top1, n, evaluation } = await evaluate(run.model, data.test, { engine: "reference" });
    expect(n).toBe(30);
    expect(top1).toBe(evaluation.top1.value);
  });

  test("returns after the step under way when it is aborted, with a model that can be used", async () => {
    const controller = new AbortController();
    const run = await train({
      ...options,
      signal: controller.signal,
      onEvent: (event) => {
        if (event.event === "step" && event.step === 3) controller.abort();
      },
    });
    expect(run).toMatchObject({ interrupted: true, epochs: 0, steps: 3 });
    await expect(evaluate(run.model, data.test, { engine: "reference" })).resolves.toMatchObject({ n: 30 });
  });

  test("refuses what the command refuses", async () => {
    await expect(train({ ...options, epochs: 0 })).rejects.toThrow(
      "default: epochs should be a whole number of at least 1 but is 0",
    );
    await expect(train({ ...options, batch: 61 })).rejects.toThrow(UsageError);
  });
});

describe("evaluate(model, images)", () => {
  test("rejects with the signal's reason, and refuses a model that doesn't say how images are normalised", async () => {
    const { model } = await train(options);
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(evaluate(model, data.test, { engine: "reference", signal })).rejects.toThrow("enough");
    await expect(evaluate({ ...model, preprocessing: null }, data.test)).rejects.toThrow(
      "the model doesn't say how images are normalised; give it a preprocessing: { ...model, preprocessing }",
    );
  });
});

describe("evaluate(model, images) of a quantised model", () => {
  test("refuses a dtype, as the command does", async () => {
    const { model } = await train({ ...options, epochs: 1 });
    const quantised = { ...model, quantization: { ranges: {}, filterScales: {} } };
    const answered = evaluate(quantised, data.test, { engine: "reference", dtype: "bf16" });
    await expect(answered).rejects.toThrow(
      /^the weights are quantised, so --dtype bf16 can't be had of them; leave it out$/,
    );
    await expect(answered).rejects.toBeInstanceOf(UsageError);
  });
});

describe("evaluate(model, images, { data })", () => {
  test("matches classes by name, as the command does", async () => {
    const folder = await mkdtemp(join(tmpdir(), "residual-library-"));
    try {
      const files: Record<string, Uint8Array> = {};
      for (let i = 0; i < 9; i++) files[`train/cats/${i}.jpg`] = await jpeg(40, 40, i);
      await writeFiles(folder, {
        ...files,
        "train/dogs/0.jpg": await jpeg(40, 40, 20),
        "val/cats/a.jpg": await jpeg(40, 40, 30),
        "val/cats/b.jpg": await jpeg(40, 40, 31),
        "val/dogs/a.jpg": await jpeg(40, 40, 32),
      });
      const photographs = await openData(folder);
      const ofThree = parseSpec({ ...spec, input: [3, 8, 8] }, "tiny");
      const preprocessing = { size: [8, 8], channels: 3, mean: [0, 0, 0], deviation: [1, 1, 1] } as const;
      const classes = ["dogs", "foxes", "cats"];
      const model = modelOf({ spec: ofThree, tensors: initialTensors(ofThree, 1), preprocessing, classes });
      const how = { engine: "reference", data: photographs } as const;
      const { evaluation, perClass } = await evaluate(model, photographs.test, how);
      expect(evaluation.perClass.map((metric) => metric?.n ?? 0)).toEqual([1, 0, 2]);
      expect(perClass.map(({ name }) => name)).toEqual(classes);
      const strangers = { ...model, classes: ["dogs", "foxes", "wolves"] };
      await expect(evaluate(strangers, photographs.test, how)).rejects.toThrow(
        /has classes that the weights don't know: cats; they know dogs, foxes, wolves$/,
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("trainToDirectory(options)", () => {
  test("writes the run directory that the command writes; resumeTraining goes on with an interrupted one", async () => {
    const folder = await mkdtemp(join(tmpdir(), "residual-library-"));
    try {
      const controller = new AbortController();
      const stopped = await trainToDirectory({
        ...options,
        out: join(folder, "run"),
        signal: controller.signal,
        onEvent: ({ event }) => event === "step" && controller.abort(),
      });
      expect(stopped).toMatchObject({ kind: "interrupted", step: 1 });
      const outcome = await resumeTraining({ resume: join(folder, "run"), data, workers: 0 });
      expect(outcome.kind).toBe("end");
      expect((await readdir(join(folder, "run"))).sort()).toEqual(
        expect.arrayContaining(["checkpoints", "latest.json", "metrics.jsonl", "report.html", "run.json"]),
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("openWeights(weights), convert(from, to) and loadModel(weights)", () => {
  test("open what save wrote, take it to Keras' form, and load the same model from there", async () => {
    const folder = await mkdtemp(join(tmpdir(), "residual-library-"));
    try {
      const projected = resnet("resnet20-b", { classes: 3 });
      const classes = ["a", "b", "c"];
      const model = modelOf({ spec: projected, tensors: initialTensors(projected, 1), preprocessing: null, classes });
      await model.save(join(folder, "m.safetensors"));
      const opened = await openWeights(join(folder, "m.safetensors"));
      expect(opened).toMatchObject({ kind: "tensors", format: "safetensors", naming: "torchvision" });
      const messages: unknown[] = [];
      const onEvent = (event: CommandEvent) => messages.push(event);
      const written = await convert(join(folder, "m.safetensors"), `${join(folder, "keras")}/`, { onEvent });
      expect(written).toMatchObject({ from: "safetensors", to: "keras", lost: [] });
      expect(await openWeights(join(folder, "keras"))).toMatchObject({ kind: "graph", format: "keras" });
      const { save: _, ...loaded } = await loadModel(join(folder, "keras"));
      expect(loaded).toEqual({ spec: projected, tensors: model.tensors, preprocessing: null, classes });
      expect(messages).toEqual([]);

      await convert(join(folder, "keras"), join(folder, "m.pth"));
      expect((await loadModel(join(folder, "m.pth"), { onEvent })).spec).toEqual(projected);
      expect(messages).toEqual([
        { event: "notice", message: expect.stringMatching(/recognised resnet20-b for .* by its tensors/) },
      ]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("pull(name)", () => {
  test("refuses a name that it doesn't know, as the command does", async () => {
    await expect(pull("resnet50-kera")).rejects.toThrow('did you mean "resnet50-keras"?');
  });
});
