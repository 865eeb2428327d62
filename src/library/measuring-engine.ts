// The CPU engine with measured choices: seeded from this machine's cache, whose file it adds to, and telling when measuring takes long.
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import type { CommandEnvironment, ConvolutionAlgorithm, OpenedEngine } from "../commands/environment.ts";
import type { Choices } from "../engine/contract.ts";
import { createOneDnnEngine } from "../engine/onednn/engine.ts";
import type { LibraryPlaces } from "../engine/onednn/library.ts";
import { addToChoiceCache, choiceCacheFile, processorOf, readChoiceCache } from "./choice-cache.ts";

/** Of all measuring of an engine. A ResNet-50 takes some 3 to 8 seconds on one core, a ResNet-20 a second. */
const budgetMs = 15_000;
/** Less is not worth a line. */
const longMs = 2000;

const thisProcessor = (): string => {
  const name = cpus()[0]?.model ?? "unknown processor";
  try {
    return processorOf(readFileSync("/proc/cpuinfo", "utf8"), name);
  } catch {
    return name; // another system than Linux
  }
};

/** What is `known`, a run's own choices, goes before the cache. */
export const openMeasuringEngine = async ({
  known,
  onEvent,
  cacheFolder,
  ...driver
}: {
  readonly places: LibraryPlaces;
  readonly threads: number;
  readonly convolution: ConvolutionAlgorithm;
  readonly known: Choices;
  readonly onEvent: CommandEnvironment["onEvent"];
  readonly cacheFolder: string;
}): Promise<OpenedEngine> => {
  const notice = (message: string): void => onEvent({ event: "notice", message });
  const file = choiceCacheFile(cacheFolder);
  const processor = thisProcessor();
  const cached = readChoiceCache(file, processor, notice);
  let used: Choices = known;
  let writing = Promise.resolve();
  const engine = await createOneDnnEngine(
    { ...driver, choices: { known: { ...cached, ...known }, budgetMs } },
    {
      onMeasuring: ({ layers }) => notice(`measuring which code is fastest for each convolution: ${layers} so far …`),
      onChoices: (taken) => {
        used = { ...used, ...taken.used };
        const measured = Object.keys(taken.measured).length;
        if (measured === 0) return;
        writing = writing.then(() => addToChoiceCache(file, processor, taken.measured));
        if (taken.milliseconds < longMs) return;
        const seconds = (taken.milliseconds / 1000).toFixed(1);
        notice(`measured ${measured} convolutions in ${seconds} s; this machine remembers which code was fastest`);
      },
    },
  );
  const dispose = async (): Promise<void> => {
    await engine.dispose();
    await writing;
  };
  return { engine: { ...engine, dispose }, version: engine.library.version, choices: () => used };
};
