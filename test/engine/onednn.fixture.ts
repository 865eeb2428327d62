// The oneDNN engine of this machine for tests, or why there is none: then tests are skipped, and say so.
import { homedir } from "node:os";
import { cacheFolder } from "../../src/base/cache-folder.ts";
import { MissingError } from "../../src/base/errors.ts";
import { createOneDnnEngine, type OneDnnEngine } from "../../src/engine/onednn/engine.ts";

/** One thread: tests run beside each other. Ours to dispose of. */
export const openOneDnn = async (threads = 1): Promise<OneDnnEngine | string> => {
  try {
    return await createOneDnnEngine({
      threads,
      convolution: "direct",
      places: {
        overridePath: process.env.RESIDUAL_ONEDNN || null,
        cacheFolder: cacheFolder(process.platform, homedir(), process.env),
        system: true,
        platform: process.platform,
        architecture: process.arch,
      },
    });
  } catch (error) {
    if (!(error instanceof MissingError)) throw error;
    console.warn(`not tested: ${error.message}`);
    return error.message;
  }
};
