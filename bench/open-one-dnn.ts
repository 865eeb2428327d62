// The engine of the benchmark's own processes, from the places where users' commands look for it.
import { homedir } from "node:os";
import { cacheFolder } from "../src/base/cache-folder.ts";
import { createOneDnnEngine, type OneDnnEngine } from "../src/engine/onednn/engine.ts";

export const openOneDnn = (threads: number, convolution: "direct" | "auto"): Promise<OneDnnEngine> =>
  createOneDnnEngine({
    threads,
    convolution,
    places: {
      overridePath: process.env.RESIDUAL_ONEDNN || null,
      cacheFolder: cacheFolder(process.platform, homedir(), process.env),
      system: true,
      platform: process.platform,
      architecture: process.arch,
    },
  });
