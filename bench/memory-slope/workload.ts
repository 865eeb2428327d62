// What the memory of a training is measured on: a network of three convolutions and small JPEG files, so that steps are as many, and
// whatever is kept by mistake once a step, batch, epoch or checkpoint adds up as fast, as can be.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { randomPurposes, randomStream } from "../../src/base/philox.ts";

const side = 32;
const classes = ["bright", "dark", "striped"] as const;
const imagesOfClass = 40;

const spec = {
  name: "tiny",
  input: [3, side, side],
  classes: classes.length,
  stem: { width: 4, kernel: 3, stride: 2, pool: null },
  stages: [{ blocks: 1, width: 8, stride: 2 }],
  block: "basic",
  shortcut: "A",
};

/** Everything that keeps something between steps: averages, accumulation, mixing, validation, checkpoints, norms. */
const recipe = {
  name: "memory",
  batch: 8,
  epochs: 1_000_000,
  optimizer: { kind: "sgd" },
  schedule: { kind: "constant", learningRate: 0.01 },
  accumulate: 2,
  ema: { decay: 0.99 },
  mixing: { mixup: 0.2 },
  augmentation: { crop: { kind: "random-resized" }, flip: true },
  validationImages: 24,
  checkpointEvery: { steps: 100 },
  measureEverySteps: 10,
};

const pixels = (classLabel: number, image: number): Uint8Array => {
  const random = randomStream(image, randomPurposes.synthetic, classLabel, 0);
  return Uint8Array.from({ length: side * side * 3 }, (_, i) => {
    const base = [180, 60, Math.floor(i / 12) % 2 === 0 ? 200 : 40][classLabel] ?? 0;
    return Math.max(0, Math.min(255, base + 30 * random.normal()));
  });
};

/** Writes data, network and recipe into a folder; gives the words of the command that trains on them there. */
export const writeWorkload = async (folder: string): Promise<readonly string[]> => {
  for (const [classLabel, name] of classes.entries()) {
    await mkdir(join(folder, "photos", name), { recursive: true });
    for (let image = 0; image < imagesOfClass; image++) {
      const raw = { width: side, height: side, channels: 3 } as const;
      const jpeg = await sharp(pixels(classLabel, image), { raw }).jpeg().toBuffer();
      await writeFile(join(folder, "photos", name, `${image}.jpg`), jpeg);
    }
  }
  await writeFile(join(folder, "tiny.json"), JSON.stringify(spec));
  await writeFile(join(folder, "recipe.json"), JSON.stringify(recipe));
  const words = "photos --model tiny.json --recipe recipe.json --engine onednn --threads 1 --workers 1 --out run";
  return ["train", ...words.split(" ")];
};
