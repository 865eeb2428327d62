// The oneDNN engine of this machine for tests, or why there is none: then tests are skipped, and say so.
import { MissingError } from "../../src/base/errors.ts";
import { createOneDnnEngine, type OneDnnEngine } from "../../src/engine/onednn/engine.ts";
import { oneDnnOptions } from "./onednn-options.ts";

/** One thread: tests run beside each other. Ours to dispose of. */
export const openOneDnn = async (): Promise<OneDnnEngine | string> => {
  try {
    return await createOneDnnEngine({ ...oneDnnOptions, threads: 1 });
  } catch (error) {
    if (!(error instanceof MissingError)) throw error;
    console.warn(`not tested: ${error.message}`);
    return error.message;
  }
};
