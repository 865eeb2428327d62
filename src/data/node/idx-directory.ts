// A directory of IDX files under MNIST's names: train-images-idx3-ubyte, train-labels-idx1-ubyte, and t10k-… or test-…,
// each with or without .gz.
import { readdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { FormatError, UsageError } from "../../base/errors.ts";
import { formatShape } from "../../base/shape.ts";
import { type DataSet, holdOutValidation } from "../data-set.ts";
import { idxSource } from "../idx-source.ts";
import { pixelShapeOf } from "../source.ts";
import type { DataSetOptions } from "./data-set-options.ts";
import { readIdxFile } from "./read-idx-file.ts";

const namePattern = /^(train|t10k|test)-(images|labels)[-.]idx\d-ubyte(\.gz)?$/;

interface IdxFiles {
  readonly trainImages: string;
  readonly trainLabels: string;
  readonly testImages: string;
  readonly testLabels: string;
}

/** The four files among these names; null when none has such a name. Throws UsageError when only some are there. */
export const findIdxFiles = (directory: string, names: readonly string[]): IdxFiles | null => {
  const found = new Map<string, string>();
  for (const name of [...names].sort()) {
    const match = namePattern.exec(name);
    if (match === null) continue;
    const part = `${match[1] === "train" ? "train" : "test"}-${match[2]}`;
    const other = found.get(part);
    if (other !== undefined) {
      throw new UsageError(`${directory} holds both ${other} and ${name}; remove one of them`);
    }
    found.set(part, name);
  }
  if (found.size === 0) return null;
  const path = (part: string): string => {
    const name = found.get(part);
    if (name === undefined) {
      throw new UsageError(
        `${directory} holds ${[...found.values()].join(", ")} but no ${part} file; it needs images and labels of both train and test (t10k)`,
      );
    }
    return join(directory, name);
  };
  return {
    trainImages: path("train-images"),
    trainLabels: path("train-labels"),
    testImages: path("test-images"),
    testLabels: path("test-labels"),
  };
};

/** Reads a directory of IDX files, or null when it holds none. Classes are named by their numbers. */
export const idxDirectory = async (directory: string, options: DataSetOptions = {}): Promise<DataSet | null> => {
  const files = findIdxFiles(directory, await readdir(directory));
  if (files === null) return null;
  const trainImages = await readIdxFile(files.trainImages);
  const trainLabels = await readIdxFile(files.trainLabels);
  const testImages = await readIdxFile(files.testImages);
  const testLabels = await readIdxFile(files.testLabels);
  options.signal?.throwIfAborted();
  const train = idxSource(trainImages, trainLabels);
  const classCount = train.labels.reduce((largest, label) => Math.max(largest, label), 0) + 1;
  const test = idxSource(testImages, testLabels, classCount);
  const [trainShape, testShape] = [formatShape(pixelShapeOf(train) ?? []), formatShape(pixelShapeOf(test) ?? [])];
  if (trainShape !== testShape) {
    throw new FormatError(files.testImages, `holds images ${testShape} but the training images are ${trainShape}`, 8);
  }
  const whole: DataSet = {
    name: basename(resolve(directory)),
    classes: Array.from({ length: classCount }, (_, label) => String(label)),
    train,
    test,
    validation: null,
    origin: `IDX files, images ${trainShape}, ${classCount} classes, in ${directory}`,
    files: [trainImages, trainLabels, testImages, testLabels].map(({ file, sha256 }) => ({ path: file, sha256 })),
  };
  return holdOutValidation(whole, options.validation ?? 0, options.seed ?? 0);
};
