// `npm run demo`: trains ResNet-20 on all 60,000 images of Fashion-MNIST, evaluates it on all 10,000 test images, writes a few of
// those as pictures into the run directory, predicts them by name, and says where the report is. What it does is what
// `residual train fashion-mnist --recipe demo` and `residual predict` do, with the same code.
import { mkdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { createEventPrinter } from "../../src/cli/event-printer.ts";
import { errorText, exitStatusOf } from "../../src/cli/exit-status.ts";
import { listenForSignals } from "../../src/cli/interruption.ts";
import { createProgressBar } from "../../src/cli/progress-bar.ts";
import { left, right, tableLines } from "../../src/cli/table.ts";
import { predict } from "../../src/commands/predict.ts";
import { formatDuration, formatProbability } from "../../src/commands/report/format.ts";
import { train } from "../../src/commands/train.ts";
import type { DataSet } from "../../src/data/data-set.ts";
import { openReader } from "../../src/data/node/readers.ts";
import { nodeEnvironment, useFonts } from "../../src/library/node-environment.ts";

/** Test images that are predicted: the first of each of these classes. */
const shownClasses = [9, 0, 5, 8, 2, 6] as const;

const print = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

/** Writes the images as PNG files, as they are: white on black. Gives their paths. */
const writePictures = async (data: DataSet, images: readonly number[], folder: string): Promise<readonly string[]> => {
  await mkdir(folder, { recursive: true });
  const reader = openReader(data.test);
  if (reader.kind !== "pixels") throw new Error("Fashion-MNIST lies in memory");
  const files: string[] = [];
  for (const image of images) {
    const { bytes, offset, shape } = reader.pixels(image);
    const [channels, height, width] = shape;
    const pixels = bytes.slice(offset, offset + channels * height * width);
    const file = join(folder, `test-${image}.png`);
    await sharp(pixels, { raw: { width, height, channels: 1 } })
      .png()
      .toFile(file);
    files.push(file);
  }
  return files;
};

/** `--threads n`; by default the cores that this process may use. */
const { threads } = parseArgs({ options: { threads: { type: "string" } } }).values;

const demo = async (): Promise<0 | 1> => {
  const began = performance.now();
  const bar = process.stderr.isTTY ? createProgressBar(process.stderr) : null;
  const printer = createEventPrinter({ print, bar, monotonicMs: () => performance.now() });
  const { signal } = listenForSignals(
    process,
    (name) => print(`${name}: finishing the step and writing a checkpoint; once more to stop at once`),
    () => process.exit(1),
  );
  const environment = nodeEnvironment({
    command: ["residual", "train", "fashion-mnist", "--recipe", "demo"],
    signal,
    onEvent: printer.onEvent,
  });
  useFonts();
  const asked = threads === undefined ? {} : { threads: Number(threads) };
  const outcome = await train({ data: "fashion-mnist", recipe: "demo", ...asked }, environment);
  printer.clear();
  const here = (path: string): string => relative(environment.host.cwd, path);
  if (outcome.kind !== "end") {
    if (outcome.kind === "interrupted") print(`go on with: npx residual train --resume ${here(outcome.directory)}`);
    return 1;
  }
  const data = await environment.openDataSet("fashion-mnist", { signal });
  const images = shownClasses.map((label) => data.test.labels.indexOf(label));
  const files = await writePictures(data, images, join(outcome.directory, "test-images"));
  const answers = await predict({ weights: outcome.directory, images: files.map(here), top: 2, ...asked }, environment);
  print("");
  const rows = answers.map(({ file, predictions: [first, second] }, i) => [
    file,
    first?.label ?? "no answer",
    first === undefined ? "" : formatProbability(first.probability),
    data.classes[data.test.labels[images[i] ?? 0] ?? 0] ?? "",
    second === undefined ? "" : `${second.label} ${formatProbability(second.probability)}`,
  ]);
  const columns = [left("picture"), left("prediction"), right("probability"), left("truth"), left("second choice")];
  for (const line of tableLines(columns, rows)) print(line);
  print("");
  print(
    `${formatDuration((performance.now() - began) / 1000)} in all. The report, with curves, confusion matrix and mistakes:`,
  );
  print(`  ${outcome.report}`);
  print("Name a picture of your own (white clothes on black, as these are):");
  print(`  npx residual predict ${here(outcome.directory)} picture.png`);
  return 0;
};

try {
  process.exitCode = await demo();
} catch (error) {
  print(errorText(error, false));
  process.exitCode = exitStatusOf(error);
}
