import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { UsageError } from "../base/errors.ts";
import { type HostTensor, tensor } from "../base/tensor.ts";
import type { Preprocessing } from "../data/preprocessing.ts";
import { createReferenceEngine } from "../engine/reference/engine.ts";
import { initialTensors } from "../model/initial-tensors.ts";
import { namedSpec } from "../spec/named-networks.ts";
import type { CommandEnvironment } from "./environment.ts";
import { predict } from "./predict.ts";
import { saveModel, type TrainedModel } from "./trained-model.ts";

let cwd = "";
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "residual-predict-"));
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

const environment = (): CommandEnvironment => ({
  host: { cwd, pid: process.pid, hostname: "here", now: () => 0, processIdentity: () => "this" },
  cacheFolder: cwd,
  monotonicMs: () => 0,
  measureMachine: () => ({ cpu: "made up", cores: 1, memoryBytes: 2 ** 30, availableMemoryBytes: 2 ** 30 }),
  versions: {},
  command: [],
  recipes: new Map(),
  openEngine: async () => ({ engine: await createReferenceEngine(), version: null }),
  openDataSet: () => Promise.reject(new Error("predict opens no data")),
  onEvent: () => {},
});

/** [O, 3, U, V] with the order of its input channels turned around. */
const turnedAround = (filters: HostTensor): HostTensor => {
  const [out = 0, , height = 0, width = 0] = filters.shape;
  const area = height * width;
  const at = (i: number): number => {
    const [o, c] = [Math.floor(i / (3 * area)), Math.floor(i / area) % 3];
    return filters.data[(o * 3 + 2 - c) * area + (i % area)] ?? 0;
  };
  return tensor(
    "f32",
    [out, 3, height, width],
    Float32Array.from({ length: out * 3 * area }, (_, i) => at(i)),
  );
};

test("predict(options, environment) takes colours and crops as the file says that the network was trained with", async () => {
  const spec = namedSpec("resnet20", { input: [3, 8, 8], classes: 3, stages: [{ blocks: 1, width: 16, stride: 1 }] });
  const tensors = initialTensors(spec, 1);
  const rgb: Preprocessing = { size: [8, 8], channels: 3, mean: [0.1, 0.4, 0.7], deviation: [0.2, 0.3, 0.4] };
  const bgr: Preprocessing = {
    ...rgb,
    mean: rgb.mean.toReversed(),
    deviation: rgb.deviation.toReversed(),
    channelOrder: "BGR",
    fit: { kind: "crop", shorterSide: 8, interpolation: "bilinear" },
  };
  const model: TrainedModel = { spec, tensors, preprocessing: rgb, classes: null };
  const stem = tensors.get("conv1.weight");
  if (stem === undefined) throw new Error("the network has no stem");
  await saveModel(model, "rgb.safetensors", cwd);
  const turned = new Map([...tensors, ["conv1.weight", turnedAround(stem)] as const]);
  await saveModel({ ...model, tensors: turned, preprocessing: bgr }, "bgr.safetensors", cwd);

  // 12 × 8 pixels: as high as the network's images, so that the crop takes columns 2 … 9 and nothing is resized.
  const bytes = Uint8Array.from({ length: 12 * 8 * 3 }, (_, i) => (37 * i + ((i * i) % 11) * 13) % 256);
  const picture = sharp(bytes, { raw: { width: 12, height: 8, channels: 3 } });
  await picture.clone().png().toFile(join(cwd, "wide.png"));
  await picture.clone().extract({ left: 2, top: 0, width: 8, height: 8 }).png().toFile(join(cwd, "middle.png"));

  const told = async (weights: string, image: string) => {
    const [first] = await predict({ weights, images: [image], engine: "reference" }, environment());
    return first?.predictions ?? [];
  };
  const seeded = { weights: "rgb.safetensors", images: ["middle.png"], seed: 1 } as const;
  await expect(predict(seeded, environment())).rejects.toThrow(
    new UsageError("--seed 1 is for fresh weights of a network, and rgb.safetensors has its own; leave it out"),
  );

  const expected = await told("rgb.safetensors", "middle.png");
  const actual = await told("bgr.safetensors", "wide.png");
  expect(actual.map(({ index }) => index)).toEqual(expected.map(({ index }) => index));
  // Sums of the stem run over the channels in another order: a few roundings of f32.
  for (const [i, { probability }] of actual.entries())
    expect(probability).toBeCloseTo(expected[i]?.probability ?? 0, 5);
  const stretched = await told("rgb.safetensors", "wide.png");
  expect(stretched[0]?.probability).not.toBeCloseTo(expected[0]?.probability ?? 0, 5);
});

test("predict takes pixels from memory, channels last or first, as it takes their file", async () => {
  const spec = namedSpec("resnet20", { input: [3, 8, 8], classes: 3, stages: [{ blocks: 1, width: 16, stride: 1 }] });
  const preprocessing: Preprocessing = { size: [8, 8], channels: 3, mean: [0, 0, 0], deviation: [1, 1, 1] };
  await saveModel({ spec, tensors: initialTensors(spec, 1), preprocessing, classes: null }, "net.safetensors", cwd);
  const [width, height, channels] = [10, 9, 3];
  const bytes = Uint8Array.from({ length: width * height * channels }, (_, i) => (91 * i) % 256);
  await sharp(bytes, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(join(cwd, "file.png"));
  const last = { width, height, channels, bytes };
  const planes = Uint8Array.from(
    bytes,
    (_, i) => bytes[(i % (width * height)) * channels + Math.floor(i / (width * height))] ?? 0,
  );
  const first = { ...last, bytes: planes, layout: "channels-first" } as const;
  const images = ["file.png", last, first];
  const told = await predict({ weights: "net.safetensors", images, engine: "reference" }, environment());
  expect(told.map(({ file }) => file)).toEqual(["file.png", "picture 2", "picture 3"]);
  expect(told[0]?.predictions.length).toBe(3);
  expect(told[1]?.predictions).toEqual(told[0]?.predictions);
  expect(told[2]?.predictions).toEqual(told[0]?.predictions);
});
