// One round of a training from JPEG files, or of their loader alone, as a process of its own. Prints one JSON line.
//
//   node dist/bench/loader/our-loader.js '{"task": "feed", "model": "resnet50", …}'
import { availableParallelism, homedir } from "node:os";
import { cacheFolder } from "../../src/base/cache-folder.ts";
import { benchSpec } from "../../src/commands/bench/bench-case.ts";
import { defaultWorkers, openEvaluationLoader, openTrainingLoader } from "../../src/data/node/loader.ts";
import { takesTurns } from "../../src/data/node/turns.ts";
import { photographPreprocessing } from "../../src/data/photographs.ts";
import { inceptionCrop } from "../../src/data/random-crop.ts";
import type { ImageSource } from "../../src/data/source.ts";
import { recipe } from "../../src/train/parse-recipe.ts";
import { train } from "../../src/train/train.ts";
import { openOneDnn } from "../open-one-dnn.ts";
import type { LoaderTask } from "./loader-task.ts";
import { photographsFolder, photographsSource } from "./photographs-folder.ts";

const recipeOf = ({ batch, dtype }: LoaderTask) =>
  recipe({
    ...{ name: "bench", batch, dtype, epochs: 1000, measureEverySteps: 0, checkpointEvery: { epochs: 1000 } },
    optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 1e-4 },
    schedule: { kind: "constant", learningRate: 0.01 },
    augmentation: { crop: inceptionCrop, flip: true },
  });

/** More than there are slots, so that what was prepared while the network was compiled is used up. */
const warmupBatches = 8;

/** Counts batches from the first after the warm-up on. */
const createClock = (batch: number, seconds: number) => {
  let batches = 0;
  let start = 0;
  const elapsed = (): number => (performance.now() - start) / 1000;
  return {
    /** Whether the time is over. */
    tick: (): boolean => {
      batches++;
      if (batches === warmupBatches) start = performance.now();
      return batches > warmupBatches + 1 && elapsed() >= seconds;
    },
    imagesPerSecond: (): number => ((batches - warmupBatches) * batch) / elapsed(),
  };
};

const feed = async (task: LoaderTask, source: ImageSource): Promise<number> => {
  const { engine } = await openOneDnn(task.threads, task.convolution);
  try {
    const spec = benchSpec(task);
    const clock = createClock(task.batch, task.seconds);
    const stop = new AbortController();
    let imagesPerSecond = 0;
    const use = { engineThreads: task.threads, cores: availableParallelism() };
    await train({
      ...{ engine, spec, recipe: recipeOf(task), train: source, validation: null, classes: [] },
      preprocessing: photographPreprocessing(spec.input),
      openTrainingBatches: (options) => openTrainingLoader({ ...options, takesTurns: takesTurns(use) }),
      openEvaluationBatches: (each, batch) =>
        openEvaluationLoader({ source: each, preprocessing: photographPreprocessing(spec.input), batch }),
      signal: stop.signal,
      now: () => performance.now(),
      onEvent: ({ event }) => {
        if (event !== "step" || stop.signal.aborted || !clock.tick()) return;
        imagesPerSecond = clock.imagesPerSecond();
        stop.abort();
      },
    });
    return imagesPerSecond;
  } finally {
    await engine.dispose();
  }
};

const load = async (task: LoaderTask, source: ImageSource): Promise<number> => {
  const { batch, augmentation, seed } = recipeOf(task);
  const preprocessing = photographPreprocessing(benchSpec(task).input);
  const loader = openTrainingLoader({ source, preprocessing, augmentation, seed, batch });
  try {
    const clock = createClock(task.batch, task.seconds);
    for (;;) {
      (await loader.next()).release();
      if (clock.tick()) return clock.imagesPerSecond();
    }
  } finally {
    await loader.dispose();
  }
};

const task: LoaderTask = JSON.parse(process.argv[2] ?? ""); // written by run.ts
const folder = await photographsFolder(cacheFolder(process.platform, homedir(), process.env), () => {});
const source = photographsSource(folder);
const imagesPerSecond = await { feed, load }[task.task](task, source);
const peakResidentBytes = process.resourceUsage().maxRSS * 1024; // in KiB
console.log(JSON.stringify({ imagesPerSecond, peakResidentBytes, workers: defaultWorkers(source) }));
