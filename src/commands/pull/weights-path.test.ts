import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { UsageError } from "../../base/errors.ts";
import { initialTensors } from "../../model/initial-tensors.ts";
import { namedSpec } from "../../spec/named-networks.ts";
import { chooseModel } from "../choose-model.ts";
import { caffePreprocessing } from "./keras-resnet50.ts";
import { keepPulled } from "./pulled-model.ts";
import { weightsPath } from "./weights-path.ts";

test("weightsPath(weights, place) finds what was pulled, whole, and leaves other words alone; chooseModel takes it", async () => {
  const cacheFolder = await mkdtemp(join(tmpdir(), "residual-weights-path-"));
  onTestFinished(() => rm(cacheFolder, { recursive: true, force: true }));
  const place = { cwd: cacheFolder, cacheFolder };
  expect(await weightsPath("runs/demo", place)).toBe("runs/demo");

  const name = "hf:o/r";
  const missing = new UsageError('hf:o/r is not in the cache; run "residual pull hf:o/r" first');
  await expect(weightsPath(name, place)).rejects.toThrow(missing);
  await expect(chooseModel(name, {}, place)).rejects.toThrow(missing);

  const spec = namedSpec("resnet20", { classes: 2 });
  const model = { spec, tensors: initialTensors(spec, 1), classes: ["a", "b"], preprocessing: caffePreprocessing };
  const { file } = await keepPulled(cacheFolder, name, model);
  expect(await weightsPath(name, place)).toBe(file);
  expect(await chooseModel(name, {}, place)).toEqual(model);

  await writeFile(file, "cut off");
  await expect(weightsPath(name, place)).rejects.toThrow(missing);
});
