// The networks that have a name: one line each, in the papers' terms. Anything else is a spec of its own.
import { UsageError } from "../base/errors.ts";
import { nearest } from "../base/nearest.ts";
import { parseSpec } from "./parse-spec.ts";
import type { BlockKind, MapShape, ResNetSpec, ShortcutOption, Stem } from "./spec.ts";

/** What the networks for one kind of image have in common (1512.03385: Table 1, and section 4.2). */
interface Benchmark {
  readonly input: MapShape;
  readonly classes: number;
  readonly stem: Stem;
  readonly widths: readonly number[];
}
const imageNet: Benchmark = {
  input: [3, 224, 224],
  classes: 1000,
  stem: { width: 64, kernel: 7, stride: 2, pool: { kernel: 3, stride: 2, padding: 1 } },
  widths: [64, 128, 256, 512],
};
const cifar: Benchmark = {
  input: [3, 32, 32],
  classes: 10,
  stem: { width: 16, kernel: 3, stride: 1, pool: null },
  widths: [16, 32, 64],
};

/** Fields of a spec to set otherwise than a named network has them. */
export type SpecOptions = Partial<ResNetSpec>;

type Row = readonly [
  name: string,
  family: string,
  benchmark: Benchmark,
  block: BlockKind,
  blocks: readonly number[],
  shortcut: ShortcutOption,
  other?: SpecOptions,
];
const v1: SpecOptions = { strideAt: "first" };

const rows: readonly Row[] = [
  ["resnet18", "ResNet", imageNet, "basic", [2, 2, 2, 2], "B"],
  ["resnet34", "ResNet", imageNet, "basic", [3, 4, 6, 3], "B"],
  ["resnet50", "ResNet v1.5", imageNet, "bottleneck", [3, 4, 6, 3], "B"],
  ["resnet101", "ResNet v1.5", imageNet, "bottleneck", [3, 4, 23, 3], "B"],
  ["resnet152", "ResNet v1.5", imageNet, "bottleneck", [3, 8, 36, 3], "B"],
  ["resnet50_v1", "ResNet v1", imageNet, "bottleneck", [3, 4, 6, 3], "B", v1],
  ["resnet101_v1", "ResNet v1", imageNet, "bottleneck", [3, 4, 23, 3], "B", v1],
  ["resnet152_v1", "ResNet v1", imageNet, "bottleneck", [3, 8, 36, 3], "B", v1],
  ["plain18", "plain", imageNet, "basic", [2, 2, 2, 2], "none"],
  ["plain34", "plain", imageNet, "basic", [3, 4, 6, 3], "none"],
  ["resnet20", "CIFAR ResNet", cifar, "basic", [3, 3, 3], "A"],
  ["resnet32", "CIFAR ResNet", cifar, "basic", [5, 5, 5], "A"],
  ["resnet44", "CIFAR ResNet", cifar, "basic", [7, 7, 7], "A"],
  ["resnet56", "CIFAR ResNet", cifar, "basic", [9, 9, 9], "A"],
  ["resnet110", "CIFAR ResNet", cifar, "basic", [18, 18, 18], "A"],
  ["plain20", "CIFAR plain", cifar, "basic", [3, 3, 3], "none"],
  ["plain32", "CIFAR plain", cifar, "basic", [5, 5, 5], "none"],
  ["plain44", "CIFAR plain", cifar, "basic", [7, 7, 7], "none"],
  ["plain56", "CIFAR plain", cifar, "basic", [9, 9, 9], "none"],
];

/** Every named network with the family it belongs to, in the order of the papers. */
export const namedNetworks: readonly { readonly name: string; readonly family: string }[] = rows.map(
  ([name, family]) => ({ name, family }),
);

/** Names compare without case, `-` and `_`: `ResNet-50_v1` is `resnet50_v1`. */
const key = (name: string): string => name.toLowerCase().replaceAll(/[-_]/g, "");
const rowsByKey: ReadonlyMap<string, Row> = new Map(rows.map((row) => [key(row[0]), row]));

/**
 * The spec of a named network, with some fields set otherwise: `input` [channels, height, width] and `classes` most
 * often. The name is accepted with `-` or `_` between its parts.
 *
 * Throws UsageError for an unknown name (it says the nearest known one) and for fields that don't make a network.
 */
export const namedSpec = (name: string, options: SpecOptions = {}): ResNetSpec => {
  const row = rowsByKey.get(key(name));
  if (row === undefined) {
    const names = rows.map(([known]) => known);
    const near = nearest(name, names);
    const remedy = near === null ? `known are ${names.join(", ")}` : `did you mean "${near}"?`;
    throw new UsageError(`unknown model "${name}"; ${remedy}`);
  }
  const [canonical, , { widths, ...benchmark }, block, blocks, shortcut, other] = row;
  const stages = blocks.map((count, s) => ({ blocks: count, width: widths[s], stride: s === 0 ? 1 : 2 }));
  return parseSpec({ name: canonical, ...benchmark, stages, block, shortcut, ...other, ...options }, canonical);
};

/**
 * The spec of a ResNet by its depth in layers, or of any named network by its name.
 *
 *   resnet(20, { input: [1, 28, 28], classes: 10 })    a CIFAR network on Fashion-MNIST
 *   resnet(34, { shortcut: "C" })                      projections everywhere, as in Table 3 of the paper
 *
 * 20, 32, 44, 56 and 110 are the CIFAR networks; 18, 34, 50, 101 and 152 ImageNet's, the last three v1.5. Errors as namedSpec's.
 */
export const resnet = (depthOrName: number | string, options: SpecOptions = {}): ResNetSpec =>
  namedSpec(typeof depthOrName === "number" ? `resnet${depthOrName}` : depthOrName, options);
