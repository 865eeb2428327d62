// A tour: every stage of the library, from a spec to a named picture, in one file that reads from top to bottom. On the reference
// engine, so that it runs everywhere.
import { mkdtemp, rm } from "node:fs/promises";
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
  loadModel,
  makePlan,
  memorySource,
  parseSpec,
  planMemory,
  predict,
  printGraph,
  recipe,
  resnet,
  train,
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
