// Measures one case of the loader: rounds of the step alone, a training from files, and the loader alone, each a process of its own.
import { z } from "zod";
import type { MeasuringPlace } from "../measure-case.ts";
import type { BenchRunOptions } from "../options.ts";
import type { OurTask } from "../our-task.ts";
import type { LoaderCase } from "./loader-cases.ts";
import type { LoaderRecord } from "./loader-record.ts";
import type { LoaderTask } from "./loader-task.ts";
import { photographs } from "./photographs-folder.ts";

const timed = z.object({ imagesPerSecond: z.object({ median: z.number().positive() }), library: z.string() });
const fed = z.object({
  imagesPerSecond: z.number().positive(),
  peakResidentBytes: z.number().positive(),
  workers: z.int().positive(),
});

/** The photographs have been drawn. Throws ProcessFailure. */
export const measureLoaderCase = async (
  { name, seconds, ...each }: LoaderCase,
  { threads, rounds, quick, ...options }: BenchRunOptions,
  { run, node, say, about }: Omit<MeasuringPlace, "runtimes">,
): Promise<LoaderRecord> => {
  const common = {
    ...each,
    threads,
    convolution: options.convolution ?? "direct",
    seconds: quick ? 1 : seconds,
  } as const;
  const alone = (): Promise<unknown> => {
    const task: OurTask = { task: "time", what: "train", ...common };
    return run(node, ["dist/bench/ours.js", JSON.stringify(task)]);
  };
  const fromFiles = (kind: LoaderTask["task"]): Promise<unknown> => {
    const task: LoaderTask = { task: kind, ...common };
    return run(node, ["dist/bench/loader/our-loader.js", JSON.stringify(task)]);
  };
  const [step, training, loader]: [number[], number[], number[]] = [[], [], []];
  let [peakResidentBytes, workers, library] = [0, 0, ""];
  for (let round = 1; round <= rounds; round++) {
    const timing = timed.parse(await alone());
    const feeding = fed.parse(await fromFiles("feed"));
    const loading = fed.parse(await fromFiles("load"));
    step.push(timing.imagesPerSecond.median);
    training.push(feeding.imagesPerSecond);
    loader.push(loading.imagesPerSecond);
    peakResidentBytes = Math.max(peakResidentBytes, feeding.peakResidentBytes);
    ({ workers } = feeding);
    ({ library } = timing);
    const [a, b, c] = [timing.imagesPerSecond.median, feeding.imagesPerSecond, loading.imagesPerSecond];
    say(
      `${name}: round ${round}: step ${a.toFixed(1)}, training from files ${b.toFixed(1)} (${((100 * b) / a).toFixed(1)} %), loader ${c.toFixed(1)} images/s`,
    );
  }
  return {
    formatVersion: 1,
    case: name,
    ...each,
    threads,
    workers,
    ...about,
    versions: { ...about.versions, oneDNN: library },
    photographs,
    step,
    training,
    trainingPeakResidentBytes: peakResidentBytes,
    loader,
  };
};
