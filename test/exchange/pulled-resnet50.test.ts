// The real ResNet-50 that `residual pull resnet50-keras` fetches (95 MB): what the conversion made of it, the way to Keras and back,
// and what it sees in photographs. It runs where the cache has it; docs/records/pulled-resnet50.md tells of more photographs.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { extractedPackageFolder } from "../../src/base/cache-folder.ts";
import { MissingError } from "../../src/base/errors.ts";
import type { NamedTensors } from "../../src/base/tensor.ts";
import { chooseModel } from "../../src/commands/choose-model.ts";
import { convert } from "../../src/commands/convert.ts";
import { caffePreprocessing } from "../../src/commands/pull/keras-resnet50.ts";
import { findPulled } from "../../src/commands/pull/pulled-model.ts";
import { nodeCacheFolder } from "../../src/library/node-environment.ts";
import { predict } from "../../src/library/verbs.ts";
import { namedSpec } from "../../src/spec/named-networks.ts";

const name = "resnet50-keras";
const cacheFolder = nodeCacheFolder();
const pulled = await findPulled(cacheFolder, name);
const missing = `${name} is not in the cache; "residual pull ${name}" fetches it`;

/** Of every tensor's name and bytes, in order. */
const digest = (tensors: NamedTensors): string => {
  const sha = createHash("sha256");
  for (const [tensorName, { data }] of tensors) {
    sha.update(tensorName).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return sha.digest("hex");
};

/** Photographs of Debian packages, and what may be seen in them first. */
const photographs: readonly (readonly [debianPackage: string, path: string, labels: readonly string[]])[] = [
  [
    "python3-skimage",
    "/usr/lib/python3/dist-packages/skimage/data/chelsea.png",
    ["Egyptian cat", "tiger cat", "tabby"],
  ],
  ["python3-skimage", "/usr/lib/python3/dist-packages/skimage/data/coffee.png", ["espresso", "cup"]],
  ["python3-skimage", "/usr/lib/python3/dist-packages/skimage/data/camera.png", ["tripod"]],
  ["python3-sklearn", "/usr/lib/python3/dist-packages/sklearn/datasets/images/china.jpg", ["palace", "monastery"]],
  ["opencv-doc", "/usr/share/doc/opencv-doc/examples/data/messi5.jpg", ["soccer ball", "rugby ball"]],
  ["opencv-doc", "/usr/share/doc/opencv-doc/examples/data/orange.jpg", ["orange"]],
  ["python-matplotlib-data", "/usr/share/matplotlib/mpl-data/sample_data/grace_hopper.jpg", ["military uniform"]],
];
/** Installed, or unpacked in the cache. */
const found = photographs.flatMap(([debianPackage, path, labels]) => {
  const file = [path, join(extractedPackageFolder(cacheFolder, debianPackage), path)].find((place) =>
    existsSync(place),
  );
  return file === undefined ? [] : [{ file, labels }];
});
const fewest = 3;

describe("residual pull resnet50-keras", () => {
  const place = { cwd: tmpdir(), cacheFolder };

  test("converted to the network and the very bits that it always does", async (context) => {
    if (pulled === null) return context.skip(missing);
    expect(pulled.parameters).toBe(25_557_032);
    const model = await chooseModel(name, {}, place);
    const batchNorm = { epsilon: 1e-3, momentum: expect.closeTo(0.01, 12), runningVariance: "unbiased" };
    expect(model.spec).toEqual({ ...namedSpec("resnet50_v1"), batchNorm });
    expect(model.preprocessing).toEqual(caffePreprocessing);
    expect(model.classes?.length).toBe(1000);
    expect(model.classes?.[285]).toBe("Egyptian cat");
    expect(digest(model.tensors)).toBe("ddff0b420818389f7f11754ced8830f148c20870d687daed7e9836cc130e461e");
  });

  test("goes to Keras' form and back without losing a bit, a class name or its colours", {
    timeout: 120_000,
  }, async (context) => {
    if (pulled === null) return context.skip(missing);
    const folder = await mkdtemp(join(tmpdir(), "residual-pulled-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    expect(await convert(name, join(folder, "keras/"), place)).toMatchObject({ to: "keras", lost: [] });
    const [given, back] = [await chooseModel(name, {}, place), await chooseModel(join(folder, "keras"), {}, place)];
    expect(digest(back.tensors)).toBe(digest(given.tensors));
    expect([back.spec, back.classes, back.preprocessing]).toEqual([given.spec, given.classes, given.preprocessing]);
  });

  test("sees in photographs what a person sees", { timeout: 120_000 }, async (context) => {
    if (pulled === null) return context.skip(missing);
    if (found.length < fewest) {
      const packages = [...new Set(photographs.map(([debianPackage]) => debianPackage))].join(", ");
      return context.skip(`fewer than ${fewest} photographs of ${packages} are on this machine`);
    }
    const model = await chooseModel(name, {}, place);
    const files = found.map(({ file }) => file);
    const answers = await predict(model, files, { top: 1, engine: "onednn" }).catch((error: unknown) => {
      if (error instanceof MissingError) return context.skip(error.message); // the reference engine would take minutes
      throw error;
    });
    for (const [i, { file, labels }] of found.entries()) {
      expect(labels, basename(file)).toContain(answers[i]?.predictions[0]?.label);
    }
  });
});
