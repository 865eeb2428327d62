// The engine of the benchmark's own processes, as `residual train` and `residual bench` open it: found where users' commands look for
// it, its convolutions chosen by measuring, with this machine's cache of choices.
import { homedir } from "node:os";
import { cacheFolder } from "../src/base/cache-folder.ts";
import type { OpenedEngine } from "../src/commands/environment.ts";
import { openMeasuringEngine } from "../src/library/measuring-engine.ts";

export const openOneDnn = (threads: number, convolution: "direct" | "auto"): Promise<OpenedEngine> => {
  const folder = cacheFolder(process.platform, homedir(), process.env);
  return openMeasuringEngine({
    threads,
    convolution,
    known: {},
    cacheFolder: folder,
    onEvent: () => {},
    places: {
      overridePath: process.env.RESIDUAL_ONEDNN || null,
      cacheFolder: folder,
      system: true,
      platform: process.platform,
      architecture: process.arch,
    },
  });
};
