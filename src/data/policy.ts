// Policies of automatic augmentation as data, and what is drawn for one image: TrivialAugment (Müller and Hutter 2021) and RandAugment
// (Cubuk et al. 2020; as torchvision and as timm have it). What they choose from is in policy-spaces.ts.
import { UsageError } from "../base/errors.ts";
import type { RandomStream } from "../base/philox.ts";
import type { PictureOperation, PointInterpolation } from "./picture-operation.ts";
import {
  bins,
  type Choice,
  type Frame,
  makeOperation,
  randAugmentSpace,
  timmSpace,
  trivialWideSpace,
} from "./policy-spaces.ts";

interface Movement {
  /** Of pictures that are turned, sheared or moved. */
  readonly interpolation: PointInterpolation;
  /** What comes from outside of them: black (torchvision), or the mean of the preprocessing (timm). */
  readonly fill: "black" | "mean";
}

/** One operation for each image, of a magnitude drawn uniformly from 31. Nothing to tune. */
export interface TrivialAugment extends Movement {
  readonly kind: "trivial-augment";
}

/** Several operations for each image, one after the other, all of one magnitude. */
export interface RandAugment extends Movement {
  readonly kind: "rand-augment";
  /** How many; torchvision's 2. */
  readonly operations: number;
  /** 0 … 30; torchvision's 9. */
  readonly magnitude: number;
}

/** timm's variant: each operation is done with a probability, at a level drawn around the magnitude ("rand-m6-mstd0.5-inc1"). */
export interface TimmRandAugment extends Movement {
  readonly kind: "rand-augment-timm";
  /** How many are drawn; 2. */
  readonly operations: number;
  /** The levels' mean, 0 … 10; 6 for A3 (Wightman et al. 2021). */
  readonly magnitude: number;
  /** The levels' deviation; 0.5. Levels are cut off at 0 and 10. */
  readonly deviation: number;
  /** Of each operation drawn being done; 0.5. */
  readonly probability: number;
}

export type Policy = TrivialAugment | RandAugment | TimmRandAugment;
type PolicyKind = Policy["kind"];
type PolicyOf<K extends PolicyKind> = Extract<Policy, { readonly kind: K }>;

const checkMagnitude = (magnitude: number, most: number, usual: string): void => {
  if (magnitude >= 0 && magnitude <= most) return;
  throw new UsageError(`augmentation: policy.magnitude ${magnitude} should lie in 0 … ${most} (${usual})`);
};

const checkOperations = (operations: number): void => {
  if (Number.isInteger(operations) && operations >= 1) return;
  throw new UsageError(
    `augmentation: policy.operations ${operations} should be a whole number of at least 1 (usual: 2)`,
  );
};

const checks: { readonly [K in PolicyKind]: (policy: PolicyOf<K>) => void } = {
  "trivial-augment": () => {},
  "rand-augment": ({ operations, magnitude }) => {
    checkOperations(operations);
    checkMagnitude(magnitude, bins - 1, "torchvision: 9");
    if (Number.isInteger(magnitude)) return;
    throw new UsageError(`augmentation: policy.magnitude ${magnitude} should be a whole number (torchvision: 9)`);
  },
  "rand-augment-timm": ({ operations, magnitude, deviation, probability }) => {
    checkOperations(operations);
    checkMagnitude(magnitude, 10, "Wightman et al.: 6 and 7");
    if (!(deviation >= 0)) {
      throw new UsageError(`augmentation: policy.deviation ${deviation} should be a number of at least 0 (usual: 0.5)`);
    }
    if (!(probability >= 0 && probability <= 1)) {
      throw new UsageError(`augmentation: policy.probability ${probability} should lie in 0 … 1 (usual: 0.5)`);
    }
  },
};

/** Throws UsageError where a value is out of its range. */
export const checkPolicy = <K extends PolicyKind>(policy: PolicyOf<K> & { readonly kind: K }): void => {
  const check: (policy: PolicyOf<K>) => void = checks[policy.kind];
  check(policy);
};

const drawChoice = (space: readonly Choice[], stream: RandomStream): Choice => space[stream.below(space.length)]!;

/** The choice at a level; its sign is drawn whether or not it has one. */
const drawSigned = (choice: Choice, level: number, frame: Frame, stream: RandomStream): readonly PictureOperation[] => {
  const sign = stream.below(2) === 1 && choice.signed ? -1 : 1;
  const operation = makeOperation(choice, sign * choice.magnitude(level, frame), frame);
  return operation === null ? [] : [operation];
};

const each = (operations: number, draw: () => readonly PictureOperation[]): readonly PictureOperation[] =>
  Array.from({ length: operations }, draw).flat();

const draws: {
  readonly [K in PolicyKind]: (policy: PolicyOf<K>, frame: Frame, stream: RandomStream) => readonly PictureOperation[];
} = {
  "trivial-augment": (_, frame, stream) => {
    const choice = drawChoice(trivialWideSpace, stream);
    return drawSigned(choice, stream.below(bins), frame, stream);
  },
  "rand-augment": ({ operations, magnitude }, frame, stream) =>
    each(operations, () => drawSigned(drawChoice(randAugmentSpace, stream), magnitude, frame, stream)),
  "rand-augment-timm": ({ operations, magnitude, deviation, probability }, frame, stream) =>
    each(operations, () => {
      const choice = drawChoice(timmSpace, stream);
      const done = stream.uniform() < probability;
      const level = Math.min(10, Math.max(0, magnitude + deviation * stream.normal()));
      const drawn = drawSigned(choice, level, frame, stream);
      return done ? drawn : [];
    }),
};

/** What is done to one picture of this size, in order. `fill` is what lies outside of it, by channel. The policy has been checked. */
export const drawPolicy = <K extends PolicyKind>(
  policy: PolicyOf<K> & { readonly kind: K },
  { width, height }: { readonly width: number; readonly height: number },
  fill: readonly number[],
  stream: RandomStream,
): readonly PictureOperation[] => {
  const draw: (policy: PolicyOf<K>, frame: Frame, stream: RandomStream) => readonly PictureOperation[] =
    draws[policy.kind];
  return draw(policy, { width, height, interpolation: policy.interpolation, fill }, stream);
};
