// What a folder of photographs is trained by when nothing but the folder is named: weights of the cache, fetched ones, or none.
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { FormatError, MissingError, UsageError } from "../../base/errors.ts";
import { jpeg, writeFiles } from "../../data/node/image-folder.test.fixture.ts";
import { openDataSet } from "../../data/node/open-data-set.ts";
import type { Preprocessing } from "../../data/preprocessing.ts";
import { initialTensors } from "../../model/initial-tensors.ts";
import { parseSpec } from "../../spec/parse-spec.ts";
import { recipe } from "../../train/parse-recipe.ts";
import { madeUpEnvironment, tinySpec } from "../environment.test.fixture.ts";
import type { CommandEnvironment } from "../environment.ts";
import type { CommandEvent } from "../events.ts";
import { keepPulled } from "../pull/pulled-model.ts";
import { readRunRecord } from "../run-directory/run-record.ts";
import { train } from "../train.ts";
import type { TrainOptions } from "./options.ts";

const spec = parseSpec({ ...tinySpec(4), input: [3, 12, 12] }, "tiny");
const ofTwo = parseSpec({ ...spec, classes: 2 }, "tiny");
const preprocessing: Preprocessing = { size: [12, 12], channels: 3, mean: [0.5, 0.5, 0.5], deviation: [1, 1, 1] };
const pretrained = { spec, tensors: initialTensors(spec, 4), preprocessing, classes: null };
const short = {
  batch: 4,
  epochs: 1,
  optimizer: { kind: "sgd" },
  schedule: { kind: "constant", learningRate: 0.1 },
} as const;
const recipes = new Map([
  ["fine-tune", recipe({ ...short, name: "fine-tune", freeze: "body" })],
  ["photographs", recipe({ ...short, name: "photographs", model: "resnet18" })],
]);

let folder = "";
let cacheFolder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residual-default-"));
  const files: Record<string, Uint8Array> = {};
  for (let i = 0; i < 10; i++) {
    files[`photos/cats/${i}.jpg`] = await jpeg(90 + i, 80, i);
    files[`photos/dogs/${i}.jpg`] = await jpeg(80, 90 + i, 50 + i);
  }
  await writeFiles(folder, files);
});
beforeEach(async () => {
  cacheFolder = await mkdtemp(join(folder, "cache-"));
  await mkdir(cacheFolder, { recursive: true });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A dry run on the photographs, by default. */
const started = async (
  options: Partial<TrainOptions> = {},
  pull?: NonNullable<CommandEnvironment["pull"]>,
  known = recipes,
): Promise<{ readonly said: readonly string[]; readonly estimate: object }> => {
  const events: CommandEvent[] = [];
  const given = { ...madeUpEnvironment(folder, undefined, events, 2 ** 33), cacheFolder, openDataSet, recipes: known };
  const environment = { ...given, ...(pull && { pull }) };
  const data = join(folder, "photos");
  const outcome = await train({ data, engine: "reference", dryRun: true, workers: 0, ...options }, environment);
  const said = events.flatMap((event) =>
    event.event === "notice" || event.event === "warning" ? [event.message] : [],
  );
  return { said, estimate: outcome.kind === "estimate" ? outcome.estimate : outcome };
};

const byDefault = (origin: string) =>
  new RegExp(
    `^by default {2}photographs: resnet50-keras \\(${origin}\\) is fine-tuned by the recipe fine-tune, in about [0-9.]+\u00a0s: ` +
      "the body is frozen, its batch norms as well; --from-scratch, --weights, --model or --recipe choose otherwise$",
  );

describe("residual train <photographs>", () => {
  test("fine-tunes what the cache holds, and says so; the run's record names it", async () => {
    await keepPulled(cacheFolder, "hf:a/smaller", pretrained);
    await keepPulled(cacheFolder, "resnet50-keras", pretrained);
    const { said, estimate } = await started();
    expect(said.at(-1)).toMatch(byDefault("from the cache"));
    expect(estimate).toMatchObject({ model: "tiny", frozen: "the body is frozen, its batch norms as well", batch: 4 });
    const out = join(folder, "run");
    await started({ dryRun: false, out, epochs: 2 });
    const record = await readRunRecord(out);
    expect([record.weights, record.recipe]).toEqual(["resnet50-keras", expect.objectContaining({ epochs: 2 })]);
  });

  test("takes batches of all images where the recipe's are larger and nobody chose them, and says so", async () => {
    await keepPulled(cacheFolder, "resnet50-keras", pretrained);
    const large = new Map([...recipes].map(([name, of]) => [name, { ...of, batch: 16 }]));
    const { said, estimate } = await started({}, undefined, large);
    expect(estimate).toMatchObject({ batch: 15, stepsPerEpoch: 1 });
    expect(said).toContain(
      "the recipe fine-tune has batches of 16, but there are 15 training images: batches of 15 are taken; --batch chooses otherwise",
    );
    const named = await started({ weights: "resnet50-keras" }, undefined, large);
    expect(named.estimate).toMatchObject({ batch: 15 });
    const tooLarge = "a batch of 16 is larger than the training split of 15 images; choose a batch of at most 15";
    await expect(started({ batch: 16 }, undefined, large)).rejects.toThrow(tooLarge);
    await expect(started({ recipe: "photographs" }, undefined, large)).rejects.toThrow(tooLarge);
  });

  test("takes another network that was pulled, where the usual one wasn't", async () => {
    await keepPulled(cacheFolder, "hf:a/smaller", pretrained);
    expect((await started({ pull: false })).said.at(-1)).toContain("hf:a/smaller (from the cache) is fine-tuned");
  });

  test("fetches weights where the cache has none, and says how much it is before", async () => {
    const { said } = await started({}, (name) => keepPulled(cacheFolder, name, pretrained));
    expect(said[0]).toBe(
      "photographs are best trained on from pretrained weights: fetching resnet50-keras, at most 100 MB, once (--no-pull leaves it out)",
    );
    expect(said.at(-1)).toMatch(byDefault("just fetched"));
  });

  test.each([new MissingError("the registry can't be reached"), new FormatError("tarball", "has another digest")])(
    "trains from scratch, and warns, where none can be had: %s",
    async (error) => {
      const { said, estimate } = await started({}, () => Promise.reject(error));
      expect(estimate).toMatchObject({ model: "resnet18", frozen: "" });
      expect(said[1]).toBe(
        `no pretrained weights could be had (${error.message}): resnet18 is trained from scratch; 15 photographs teach a network much less from scratch than with pretrained weights; to get some: "residual pull resnet50-keras" where there is a network, or --weights with a file of your own`,
      );
      expect(said.at(-1)).toContain(
        "resnet18 from fresh weights, all of which learn, by the recipe photographs, in a time not known",
      );
    },
  );

  test("fetches nothing with --no-pull or --from-scratch, and other failures are no reason to go on", async () => {
    const never = () => Promise.reject(new Error("the disk is full"));
    expect((await started({ pull: false }, never)).said[0]).toContain(
      "nothing may be fetched: resnet18 is trained from",
    );
    expect((await started({ fromScratch: true }, never)).said[0]).toContain(
      "--from-scratch leaves pretrained weights out",
    );
    await expect(started({}, never)).rejects.toThrow("the disk is full");
  });

  test("refuses weights to start from beside --from-scratch", async () => {
    const both = started({ weights: "resnet50-keras", fromScratch: true });
    await expect(both).rejects.toBeInstanceOf(UsageError);
    await expect(both).rejects.toThrow(
      /^--weights resnet50-keras are weights to start from, and --from-scratch asks for fresh ones; leave one out$/,
    );
  });

  test("has no part in it where a network or recipe is named", async () => {
    expect((await started({ model: ofTwo, batch: 4 })).said).toEqual([]);
    expect((await started({ recipe: "photographs" })).said).toEqual([]);
  });
});
