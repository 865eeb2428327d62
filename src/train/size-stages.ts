// The stages of a training by the size of its images: one for most trainings, several where images grow. Parameters don't hang on the size,
// so stages share one state; each has a program and batches of its own.
import { UsageError } from "../base/errors.ts";
import { checkPreparation } from "../data/prepare.ts";
import { type Preprocessing, resizedPreprocessing } from "../data/preprocessing.ts";
import { countMacs } from "../spec/counts.ts";
import type { MapShape, ResNetSpec } from "../spec/spec.ts";
import { validateSpec } from "../spec/validate-spec.ts";
import type { ImageSize, Recipe } from "./recipe.ts";

/** Epochs in a row whose training images have one size. */
export interface SizeStage {
  /** Counted from 0. */
  readonly fromEpoch: number;
  /** The first epoch that is not of it. */
  readonly toEpoch: number;
  /** The network for images of that size. */
  readonly spec: ResNetSpec;
  /** The images' preprocessing at that size. */
  readonly preprocessing: Preprocessing;
  /** Multiply-accumulates of an image. */
  readonly macs: number;
}

/** Whether training images are of one size. */
export const isOneSize = (stages: readonly SizeStage[]): boolean => stages.length === 1;

/** As messages show it: `224×224`. */
export const formatSize = ([height, width]: Preprocessing["size"]): string => `${height}×${width}`;

const inputOf = ({ channels, size }: Preprocessing): MapShape => [channels, ...size];

/**
 * The preprocessing for evaluation and prediction under a recipe, of a network's or given weights' own: kept with the weights. Throws
 * UsageError where that is of one size alone.
 */
export const testPreprocessing = (own: Preprocessing, imageSize: ImageSize | null): Preprocessing => {
  if (imageSize === null) return own;
  const { train, test } = imageSize;
  const resized = resizedPreprocessing(own, test?.size ?? train.at(-1)?.size ?? own.size[0]);
  const { fit } = resized;
  const { interpolation = null, shorterSide = null } = test ?? {};
  const filter = interpolation ?? fit?.interpolation ?? "bilinear";
  if (shorterSide !== null) return { ...resized, fit: { kind: "crop", shorterSide, interpolation: filter } };
  if (interpolation === null) return resized;
  return { ...resized, fit: { ...(fit ?? { kind: "stretch" }), interpolation } };
};

/**
 * The stages, in order, of a training whose network and preprocessing are those of evaluation (testPreprocessing). Throws UsageError for
 * sizes that are too small for the network, or larger than the augmentation's crops can be, and for networks of one size.
 */
export const sizeStages = (
  { name, epochs, imageSize, augmentation }: Pick<Recipe, "name" | "epochs" | "imageSize" | "augmentation">,
  spec: ResNetSpec,
  preprocessing: Preprocessing,
): readonly SizeStage[] => {
  if (imageSize === null) return [{ fromEpoch: 0, toEpoch: epochs, spec, preprocessing, macs: countMacs(spec) }];
  if (spec.stem === null) {
    throw new UsageError(
      `${name}: imageSize is for networks whose parameters take maps of any size, but the first layer of ${spec.name} takes the image as a list; leave imageSize out`,
    );
  }
  const { train } = imageSize;
  const at = (size: number, field: string): Pick<SizeStage, "spec" | "preprocessing"> => {
    const resized = resizedPreprocessing(preprocessing, size);
    return { spec: validateSpec({ ...spec, input: inputOf(resized) }, `${name}: ${field}`), preprocessing: resized };
  };
  at(preprocessing.size[0], "imageSize.test");
  return train.map(({ fromEpoch, size }, i) => {
    const stage = at(size, `imageSize.train[${i}]`);
    checkPreparation({ preprocessing: stage.preprocessing, augmentation, seed: 0, broken: "replace" });
    return { fromEpoch, toEpoch: train[i + 1]?.fromEpoch ?? epochs, ...stage, macs: countMacs(stage.spec) };
  });
};

/** The stage of an epoch, counted from 0; the last for those behind the end. */
export const stageAt = (stages: readonly SizeStage[], epoch: number): SizeStage => {
  const stage = stages.findLast(({ fromEpoch }) => fromEpoch <= epoch) ?? stages[0];
  if (stage === undefined) throw new RangeError("a training has at least one stage");
  return stage;
};

const pixels = ({ preprocessing: { size } }: SizeStage): number => size[0] * size[1];

/** The stage with the largest images: what decides how much memory a training takes. */
export const largestStage = (stages: readonly SizeStage[]): SizeStage =>
  stages.reduce((largest, stage) => (pixels(stage) > pixels(largest) ? stage : largest));

export const smallestStage = (stages: readonly SizeStage[]): SizeStage =>
  stages.reduce((smallest, stage) => (pixels(stage) < pixels(smallest) ? stage : smallest));

/**
 * How long the steps after `step` take in all, in steps of the stage `present`: time is taken to go with multiply-accumulates, which is near
 * enough to say when a training will end.
 */
export const equalStepsLeft = (
  stages: readonly SizeStage[],
  present: SizeStage,
  { step, stepsPerEpoch }: { readonly step: number; readonly stepsPerEpoch: number },
): number =>
  stages.reduce((sum, { fromEpoch, toEpoch, macs }) => {
    const left = Math.max(0, toEpoch * stepsPerEpoch - Math.max(step, fromEpoch * stepsPerEpoch));
    return sum + left * (macs / present.macs);
  }, 0);
