// How tests open the CPU engine: as the command line does, with at most two threads.
import { availableParallelism, homedir } from "node:os";
import { cacheFolder } from "../../src/base/cache-folder.ts";
import type { DriverOptions } from "../../src/engine/onednn/protocol.ts";

export const oneDnnOptions: DriverOptions = {
  places: {
    overridePath: process.env.RESIDUAL_ONEDNN ?? null,
    cacheFolder: cacheFolder(process.platform, homedir(), process.env),
    system: true,
    platform: process.platform,
    architecture: process.arch,
  },
  threads: Math.min(2, availableParallelism()),
  convolution: "direct",
};
