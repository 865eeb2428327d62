// <weights> that are the name of something to pull: the file in the cache.
import { UsageError } from "../../base/errors.ts";
import { isPullable } from "../pull.ts";
import { findPulled } from "./pulled-model.ts";

/** Where weights are looked for. */
export interface WeightsPlace {
  /** Folder that paths are relative to. */
  readonly cwd: string;
  /** Residual's cache folder. */
  readonly cacheFolder: string;
}

/** The cached file of a pulled model's name; any other word as it is. Throws UsageError where the cache hasn't it whole. */
export const weightsPath = async (weights: string, { cacheFolder }: WeightsPlace): Promise<string> => {
  if (!isPullable(weights)) return weights;
  const found = await findPulled(cacheFolder, weights);
  if (found !== null) return found.file;
  throw new UsageError(`${weights} is not in the cache; run "residual pull ${weights}" first`);
};
