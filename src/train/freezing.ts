// What of a network a training leaves as it is, as data, and which parameters and batch norms that means.
import { UsageError } from "../base/errors.ts";
import { elementCount } from "../base/shape.ts";
import { type Layer, layersOf } from "../spec/layers.ts";
import { isLearned, type Parameter, parametersOf } from "../spec/parameters.ts";
import type { ResNetSpec } from "../spec/spec.ts";

/**
 * Layers that are frozen: none; the body, that is all but the last dense layer (the head); or the stem and the first stages.
 * A frozen layer computes what it computes in evaluation: its parameters get no gradient, no update, no weight decay and no
 * velocity, and its batch norms normalise with running statistics, which stay as they are. (Dropout, which has no parameters,
 * drops wherever it stands.)
 */
export type Freeze = "none" | "body" | { readonly stages: number };

/**
 * The batch norms of layers that are not frozen. train: they normalise with the batch's statistics, the running ones move, scale and
 * shift learn. fixed-statistics: they normalise with the running statistics, which stay; scale and shift learn. frozen: scale
 * and shift stay too, so that each is a constant affine map, as He et al. 2015 (appendix A) fine-tuned for detection.
 */
export type BatchNormTraining = "train" | "fixed-statistics" | "frozen";

/** What of a recipe says it. */
export interface Freezing {
  readonly freeze: Freeze;
  readonly batchNorm: BatchNormTraining;
}

export interface FrozenParts {
  /** Whether the parameter of this name learns. */
  learns(parameter: string): boolean;
  /** Batch norms that normalise with running statistics. */
  readonly fixedBatchNorms: ReadonlySet<string>;
  /** Numbers that learn, and numbers that don't; running statistics are neither. */
  readonly learnedCount: number;
  readonly frozenCount: number;
}

/** 0 for the stem, n for stage n, ∞ for what stands behind the last stage. */
const stageOf = (name: string, isBehind: boolean): number => {
  const stage = /^layer(\d+)\./.exec(name)?.[1];
  if (stage !== undefined) return Number(stage);
  return isBehind ? Number.POSITIVE_INFINITY : 0;
};

const frozenLayers = (layers: readonly Layer[], freeze: Freeze, spec: ResNetSpec): ReadonlySet<Layer> => {
  if (freeze === "none") return new Set();
  if (freeze === "body") return new Set(layers.slice(0, -1));
  const { stages } = freeze;
  if (stages > spec.stages.length) {
    throw new UsageError(
      `freeze: ${stages} stages are to be frozen but ${spec.name} has ${spec.stages.length}; freeze fewer, or the body`,
    );
  }
  const firstBlock = layers.findIndex(({ name }) => name.startsWith("layer"));
  return new Set(layers.filter(({ name }, i) => stageOf(name, i > firstBlock) <= stages));
};

/** Throws UsageError when more stages are to be frozen than there are. */
export const frozenParts = (spec: ResNetSpec, { freeze, batchNorm }: Freezing): FrozenParts => {
  const layers = layersOf(spec);
  const frozen = frozenLayers(layers, freeze, spec);
  const isFixed = (layer: Layer): boolean => frozen.has(layer) || batchNorm !== "train";
  const parameterLearns = (layer: Layer, { role }: Parameter): boolean =>
    isLearned(role) && !frozen.has(layer) && !(batchNorm === "frozen" && (role === "scale" || role === "shift"));

  const learned = new Set<string>();
  let [learnedCount, frozenCount] = [0, 0];
  for (const layer of layers) {
    for (const parameter of parametersOf(layer)) {
      if (!isLearned(parameter.role)) continue;
      const count = elementCount(parameter.shape);
      if (parameterLearns(layer, parameter)) {
        learned.add(parameter.name);
        learnedCount += count;
      } else frozenCount += count;
    }
  }
  const fixed = layers.filter((layer) => layer.kind === "batchNorm" && isFixed(layer));
  return {
    learns: (parameter) => learned.has(parameter),
    fixedBatchNorms: new Set(fixed.map(({ name }) => name)),
    learnedCount,
    frozenCount,
  };
};

const batchNormWords: { readonly [B in BatchNormTraining]: string } = {
  train: "",
  "fixed-statistics": "batch norms keep their running statistics",
  frozen: "batch norms keep statistics, scales and shifts",
};

/** For people: what stays as it is, or "" where all learns. */
export const describeFreezing = ({ freeze, batchNorm }: Freezing): string => {
  if (freeze === "body") return "the body is frozen, its batch norms as well";
  const stages =
    freeze === "none" ? "" : freeze.stages === 0 ? "the stem is" : `the stem and ${freeze.stages} stages are`;
  return [stages === "" ? "" : `${stages} frozen, batch norms included`, batchNormWords[batchNorm]]
    .filter((words) => words !== "")
    .join("; elsewhere ");
};
