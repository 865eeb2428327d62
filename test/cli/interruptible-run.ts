// A training that takes long enough to be interrupted, and what of a run does not depend on the clock.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { makeFolder, residual, tinyRecipe, tinySpec, writeJson, writeTinyData } from "./command-line.ts";

/** Six steps an epoch, and a checkpoint every five: most checkpoints lie within an epoch. */
const epochs = 120;
export const steps = 6 * epochs;

export const train = (out: string): readonly string[] => [
  "train",
  "tiny-data",
  "--model",
  "tiny.json",
  "--recipe",
  "recipe.json",
  "--threads",
  "1",
  "--out",
  out,
];
export const resume = (run: string): readonly string[] => ["train", "--resume", run];

/** A folder with the data, and the run `unbroken` in it. */
export const makeUnbroken = async (): ReturnType<typeof makeFolder> => {
  const made = await makeFolder();
  writeTinyData(made.folder);
  writeJson(made.folder, "tiny.json", tinySpec);
  writeJson(made.folder, "recipe.json", tinyRecipe(epochs, 5));
  const ended = await residual(made.folder, train("unbroken"));
  if (ended.status !== 0) throw new Error(ended.stderr);
  return made;
};

const metricSchema = z.object({ step: z.int(), event: z.string(), loss: z.number().optional() });

/** Everything of a finished run that does not depend on the clock: the last checkpoint's bytes, and every loss on the way. */
export const outcome = (folder: string, run: string) => {
  const checkpoint = join(folder, run, "checkpoints", String(steps));
  const metrics = readFileSync(join(folder, run, "metrics.jsonl"), "utf8")
    .trimEnd()
    .split("\n");
  return {
    model: readFileSync(join(checkpoint, "model.safetensors")).toString("base64"),
    state: readFileSync(join(checkpoint, "state.safetensors")).toString("base64"),
    losses: metrics.map((line) => metricSchema.parse(JSON.parse(line))),
  };
};

/** Lines of a run's metrics so far; 0 where there are none yet. */
export const linesOfMetrics = (folder: string, run: string): number => {
  const file = join(folder, run, "metrics.jsonl");
  return existsSync(file) ? readFileSync(file, "utf8").split("\n").length - 1 : 0;
};
