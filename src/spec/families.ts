// The families of networks that the papers name, one line each: what they share, and what sets each apart.
// named-networks.ts makes specs of them.
import { type Benchmark, cifar, cifarWide, faces, grey, imageNet, imageNetBare, imageNetDeep } from "./benchmarks.ts";
import type { BlockKind, ShortcutOption, SpecOptions } from "./spec.ts";

/** Blocks of each stage by a network's size. */
type Sizes = Readonly<Record<number | string, readonly number[]>>;
const basics: Sizes = { 18: [2, 2, 2, 2], 34: [3, 4, 6, 3] };
const deep: Sizes = { 50: [3, 4, 6, 3], 101: [3, 4, 23, 3], 152: [3, 8, 36, 3], 200: [3, 24, 36, 3] };
const only = (sizes: Sizes, ...wanted: readonly number[]): Sizes =>
  Object.fromEntries(wanted.map((size) => [size, sizes[size] ?? []]));
/** Of CIFAR's three stages: depth = layers · blocks · 3 + 2, or + 4 for wide ResNets, which count projections. */
const cifarSizes = (layers: number, ...depths: readonly number[]): Sizes =>
  Object.fromEntries(depths.map((depth) => [depth, [0, 0, 0].map(() => Math.floor((depth - 2) / layers / 3))]));

const v1: SpecOptions = { strideAt: "first" };
const pre: SpecOptions = { activation: "pre" };
const groups = (count: number, widthPerGroup: number): SpecOptions => ({ groups: count, widthPerGroup });
const averaged: SpecOptions = { shortcutDownsampling: "average" };
const dlib: SpecOptions = {
  shortcutDownsampling: "average-whole",
  padding: 0,
  convolutionBias: true,
  head: { bias: false },
  batchNorm: { epsilon: 1e-4, momentum: 0.01 },
};
const perceptron: SpecOptions = { activation: "no-relu-after-addition" };

/** `#` in a name stands for the size. The letters are the shortcut options that have names of their own: resnet34-a. */
export type Family = readonly [
  name: string,
  family: string,
  benchmark: Benchmark,
  block: BlockKind,
  sizes: Sizes,
  shortcut: ShortcutOption,
  other?: SpecOptions,
  letters?: string,
];
export const families: readonly Family[] = [
  ["resnet#", "ResNet", imageNet, "basic", basics, "B", {}, "ABC"],
  ["resnet#", "ResNet v1.5", imageNet, "bottleneck", deep, "B", {}, "ABC"],
  ["resnet#_v1", "ResNet v1", imageNet, "bottleneck", deep, "B", v1],
  ["resnet#-deep-stem", "ResNet-C", imageNetDeep, "bottleneck", deep, "B"],
  ["resnet#-d", "ResNet-D", imageNetDeep, "basic", basics, "B", averaged],
  ["resnet#-d", "ResNet-D", imageNetDeep, "bottleneck", deep, "B", averaged],
  ["resnetv2-#", "ResNet v2, timm's", imageNetBare, "bottleneck", deep, "B", pre],
  ["resnetv2-#-he", "ResNet v2, He's", imageNet, "bottleneck", deep, "B", pre],
  ["resnext#-32x4d", "ResNeXt", imageNet, "bottleneck", only(deep, 50, 152), "B", groups(32, 4)],
  ["resnext#-32x8d", "ResNeXt", imageNet, "bottleneck", only(deep, 101), "B", groups(32, 8)],
  ["resnext#-64x4d", "ResNeXt", imageNet, "bottleneck", only(deep, 101), "B", groups(64, 4)],
  ["wide-resnet#-2", "wide ResNet", imageNet, "bottleneck", only(deep, 50, 101), "B", groups(1, 128)],
  ["plain#", "plain", imageNet, "basic", basics, "none"],
  ["dlib-face-#", "dlib's face net", faces, "basic", { 29: [3, 4, 3, 3, 1] }, "A", dlib],
  ["resnet#", "ResNet", cifar, "basic", cifarSizes(2, 20, 32, 44, 56, 110, 1202), "A", {}, "ABC"],
  ["plain#", "plain", cifar, "basic", cifarSizes(2, 20, 32, 44, 56), "none"],
  ["resnet#", "ResNet v1", cifar, "bottleneck", cifarSizes(3, 164), "B", v1],
  ["resnetv2-#", "ResNet v2, He's", cifar, "basic", cifarSizes(2, 20, 110), "A", pre],
  ["resnetv2-#", "ResNet v2, He's", cifar, "bottleneck", cifarSizes(3, 164, 1001), "B", { ...pre, ...v1 }],
  ["resnetv2-#-bottleneck", "ResNet v2, He's", cifar, "bottleneck", cifarSizes(3, 110), "B", { ...pre, ...v1 }],
  ["resnetv2-#-basic", "ResNet v2, He's", cifar, "basic", cifarSizes(2, 164), "A", pre],
  ["resnext#-8x64d", "ResNeXt", cifarWide(4, 4), "bottleneck", cifarSizes(3, 29), "B", groups(8, 64)],
  ["resnext#-16x64d", "ResNeXt", cifarWide(4, 4), "bottleneck", cifarSizes(3, 29), "B", groups(16, 64)],
  ["wide-resnet#-10", "wide ResNet", cifarWide(10, 1), "basic", cifarSizes(2, 28), "B", pre],
  ["wide-resnet#-4", "wide ResNet", cifarWide(4, 1), "basic", cifarSizes(2, 40), "B", pre],
  ["residual-mlp-#", "residual perceptron", grey, "dense", { 5: [2], 9: [4], 17: [8], 33: [16] }, "B", perceptron],
  ["plain-mlp-#", "plain perceptron", grey, "dense", { 5: [2], 9: [4], 17: [8], 33: [16] }, "none", perceptron],
];

/** The ablations of "Identity Mappings" (1603.05027): tables 1 (ResNet-110) and 2 (164 as well). Options B, C: resnet110-b, -c. */
export const ablations: readonly (readonly [suffix: string, table: number, options: SpecOptions])[] = [
  ["constant-scaling", 1, { modulation: { kind: "scaling", shortcut: 0.5, branch: 0.5 } }],
  ["exclusive-gating", 1, { modulation: { kind: "exclusive-gate", initialBias: -6 } }],
  ["shortcut-only-gating", 1, { modulation: { kind: "shortcut-gate", initialBias: -6 } }],
  ["dropout-shortcut", 1, { modulation: { kind: "dropout", fraction: 0.5 } }],
  ["bn-after-addition", 2, { activation: "batch-norm-after-addition" }],
  ["relu-before-addition", 2, { activation: "relu-before-addition" }],
  ["relu-only-pre", 2, { activation: "relu-only-pre" }],
  ["full-pre", 2, pre],
];
