// A tour: every stage of the library, from a spec to a named picture, in one file that reads from top to bottom. On the reference
// engine, so that it runs everywhere.
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { expect, test } from "vitest";
import {
  buildTrainingGraph,
  countParameters,
  createReferenceEngine,
  type DataSet,
  fuse,
  inspect,
  type Loss,
  loadModel,
  type Mixing,
  makePlan,
  memorySource,
  type Optimizer,
  parseSpec,
  planMemory,
  predict,
  printGraph,
  recipe,
  resnet,
  train,
  type WeightAveraging,
} from "../src/index.ts";

// Twelve images of 8×8 in two classes: the even ones are bright, the odd ones dark.
const images = 12;
const pixels = Uint8Array.from({ length: images * 64 }, (_, i) =>
  Math.floor(i / 64) % 2 === 0 ? 200 + ((i * 7) % 40) : 20 + ((i * 5) % 40),
);
const source = memorySource(
  [1, 8, 8],
  pixels,
  Array.from({ length: images }, (_, image) => image % 2),
);
const data: DataSet = {
  name: "day and night",
  classes: ["day", "night"],
  train: source,
  test: source,
  validation: null,
  origin: "made up",
  files: [],
};

test("a folder of pictures is looked at before anything is trained on it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "residual-tour-"));
  try {
    for (let image = 0; image < images; image++) {
      const place = join(folder, data.classes[image % 2] ?? "");
      await mkdir(place, { recursive: true });
      const raw = { raw: { width: 8, height: 8, channels: 1 } } as const;
      await sharp(pixels.slice(64 * image, 64 * (image + 1)), raw)
        .png()
        .toFile(join(place, `${image}.png`));
    }
    const { splits, sizes, broken, contactSheet } = await inspect(folder);
    expect(splits.reduce((sum, split) => sum + split.images, 0)).toBe(images);
    expect([sizes?.width.max, broken, contactSheet]).toEqual([8, [], null]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("the parts of a recipe are plain data with types of their own", () => {
  const optimizer: Optimizer<"adamw"> = {
    kind: "adamw",
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    weightDecay: 0.05,
    decayBatchNorm: false,
    decayBias: false,
  };
  const loss: Loss = { kind: "binary-cross-entropy", over: "sum", targetThreshold: 0.2 };
  const mixing: Mixing = { mixup: 0.1, cutmix: 1, switchProbability: 0.5 };
  const ema: WeightAveraging = { decay: 0.999, warmup: { epochs: 1 }, everySteps: 1 };
  const parts = { optimizer, loss, mixing, ema };
  const schedule = { kind: "cosine", learningRate: 0.001 } as const;
  expect(recipe({ name: "modern", batch: 4, epochs: 5, schedule, ...parts })).toMatchObject(parts);
});

test("spec → graph → plan → train 3 steps → save → load → predict", async () => {
  // A spec is plain data: a named network, or one of your own.
  expect(countParameters(resnet(20))).toBe(269_722);
  const spec = parseSpec(
    {
      name: "tiny",
      input: [1, 8, 8],
      classes: 2,
      stem: { width: 4, kernel: 3, stride: 1, pool: null },
      stages: [{ blocks: 1, width: 8, stride: 2 }],
      block: "basic",
      shortcut: "A",
      batchNorm: { epsilon: 1e-5, momentum: 0.5 }, // running statistics that follow within three steps
    },
    "tiny",
  );

  // The whole training step is one graph: forward, loss, backward, update.
  const steps = recipe({
    name: "three steps",
    batch: 12,
    epochs: 3,
    optimizer: { kind: "sgd" },
    schedule: { kind: "constant", learningRate: 0.1 },
    seed: 1,
  });
  const { graph } = buildTrainingGraph(spec, steps);
  expect(printGraph(graph)).toContain("layer1.0.conv1");

  // A plan says in which order nodes run and when each value is alive; memory is laid out from that.
  const engine = await createReferenceEngine();
  const plan = makePlan(fuse(graph, engine.fusions));
  await engine.dispose();
  const intervals = [...plan.lifetimes].map(([name, lifetime]) => ({ name, bytes: 64, ...lifetime }));
  const { arenaBytes, lowerBoundBytes } = planMemory(intervals);
  expect(arenaBytes).toBeGreaterThanOrEqual(lowerBoundBytes);

  // Three epochs of one batch with all twelve images: three steps.
  const losses: number[] = [];
  const run = await train({
    model: spec,
    data,
    recipe: steps,
    engine: "reference",
    onEvent: (event) => {
      if (event.event === "step") losses.push(event.loss);
    },
  });
  expect(losses).toHaveLength(3);
  expect(losses[2]).toBeLessThan(losses[0] ?? 0);

  // What comes out is plain, and one file holds it whole.
  const folder = await mkdtemp(join(tmpdir(), "residual-tour-"));
  try {
    await run.model.save(join(folder, "tiny.safetensors"));
    const model = await loadModel(join(folder, "tiny.safetensors"));
    expect(model.spec).toEqual(run.model.spec);
    expect([...model.tensors]).toEqual([...run.model.tensors]);

    const picture = join(folder, "picture.png");
    const raw = { raw: { width: 8, height: 8, channels: 1 } } as const;
    await sharp(pixels.slice(0, 64), raw).png().toFile(picture);
    const [answer] = await predict(model, [picture], { engine: "reference" });
    expect(answer?.file).toBe(picture);
    expect(answer?.predictions[0]?.label).toBe("day");
  } finally {
    await rm(folder, { recursive: true });
  }
});
