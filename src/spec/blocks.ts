// The geometry of a network's blocks, computed once: channels, strides, padding, sizes, names. layers.ts turns it into layers.
import type { BlockKind, MapShape, ResNetSpec, ShortcutDownsampling, Stage } from "./spec.ts";
import { averagingWindow, paddingOf, type Window, wholeWindow, windowed } from "./windows.ts";

/** One layer of a block's residual branch: a convolution or, between dense layers, a dense layer (a window of one pixel). */
export interface BranchLayer extends Window {
  readonly outChannels: number;
  readonly groups: number;
}

/** How a block's input gets the shape of its output; null in a plain network, which has no addition. */
export type Shortcut =
  | { readonly kind: "identity" }
  /** Every stride-th pixel unless averaged before, between `before` and `after` channels of zeros. */
  | { readonly kind: "zeroPad"; readonly average: Window | null; readonly before: number; readonly after: number }
  | { readonly kind: "projection"; readonly average: Window | null }
  | null;

export interface Block {
  /** torchvision's path: `layer1.0` is the first block of the first stage. */
  readonly name: string;
  readonly input: MapShape;
  readonly output: MapShape;
  readonly stride: number;
  readonly branch: readonly BranchLayer[];
  readonly shortcut: Shortcut;
}

/** Channels of a bottleneck's 3×3: those of one group, times the groups. Whole numbers: validate-spec.ts sees to it. */
export const groupWidth = (spec: ResNetSpec, stage: Stage): number => (stage.width * spec.widthPerGroup) / 64;

interface BranchPlan {
  readonly kernel: number;
  readonly outChannels: number;
  readonly stride: number;
  readonly groups: number;
}

const branches: {
  readonly [B in BlockKind]: (spec: ResNetSpec, stage: Stage, stride: number) => readonly BranchPlan[];
} = {
  basic: ({ expansion }, { width }, stride) => [
    { kernel: 3, outChannels: width, stride, groups: 1 },
    { kernel: 3, outChannels: width * expansion, stride: 1, groups: 1 },
  ],
  bottleneck: (spec, stage, stride) => {
    const inner = groupWidth(spec, stage) * spec.groups;
    const [first, middle] = spec.strideAt === "first" ? [stride, 1] : [1, stride];
    return [
      { kernel: 1, outChannels: inner, stride: first, groups: 1 },
      { kernel: 3, outChannels: inner, stride: middle, groups: spec.groups },
      { kernel: 1, outChannels: stage.width * spec.expansion, stride: 1, groups: 1 },
    ];
  },
  dense: ({ expansion }, { width }) => [
    { kernel: 1, outChannels: width, stride: 1, groups: 1 },
    { kernel: 1, outChannels: width * expansion, stride: 1, groups: 1 },
  ],
};

/** The branch's layers, padded as the spec says, and the size that they lead to. */
const branchOf = (spec: ResNetSpec, stage: Stage, stride: number, input: MapShape) => {
  let output = input;
  const branch = branches[spec.block](spec, stage, stride).map(({ kernel, outChannels, stride: step, groups }) => {
    const explicit = typeof spec.padding !== "string" && (kernel === 1 || step === 1);
    const sliding = {
      kernel,
      stride: step,
      padding: paddingOf(explicit ? "fixed" : spec.padding, output, kernel, step),
    };
    output = windowed(output, outChannels, sliding);
    return { ...sliding, outChannels, groups };
  });
  return { branch, output };
};

const averages: {
  readonly [D in ShortcutDownsampling]: (input: MapShape, output: MapShape, stride: number) => Window | null;
} = {
  stride: () => null,
  average: averagingWindow,
  "average-whole": (_input, _output, stride) => wholeWindow(stride),
};

/** What a branch and its shortcut have room in: the larger of both, where the smaller is extended. */
const jointOutput = (spec: ResNetSpec, stride: number, input: MapShape, branch: MapShape): MapShape => {
  if (spec.shortcutDownsampling !== "average-whole" || spec.shortcut === "none" || stride === 1) return branch;
  const [, height, width] = windowed(input, input[0], wholeWindow(stride));
  return [branch[0], Math.max(branch[1], height), Math.max(branch[2], width)];
};

const shortcutOf = (spec: ResNetSpec, stride: number, input: MapShape, output: MapShape): Shortcut => {
  if (spec.shortcut === "none") return null;
  const [from, to] = [input[0], output[0]];
  const fits = stride === 1 && from === to;
  const average = stride > 1 ? averages[spec.shortcutDownsampling](input, output, stride) : null;
  if (spec.shortcut === "C" || (spec.shortcut === "B" && !fits)) return { kind: "projection", average };
  if (fits) return { kind: "identity" };
  const before = spec.zeroPadding === "around" ? Math.floor((to - from) / 2) : 0;
  return { kind: "zeroPad", average, before, after: to - from - before };
};

/** The blocks in order; `input` is what the stem hands to the first. */
export const blocksOf = (spec: ResNetSpec, input: MapShape): readonly Block[] => {
  const blocks: Block[] = [];
  let shape = input;
  for (const [s, stage] of spec.stages.entries()) {
    for (let b = 0; b < stage.blocks; b++) {
      const stride = b === 0 ? stage.stride : 1;
      const { branch, output: branchOutput } = branchOf(spec, stage, stride, shape);
      const output = jointOutput(spec, stride, shape, branchOutput);
      const shortcut = shortcutOf(spec, stride, shape, output);
      blocks.push({ name: `layer${s + 1}.${b}`, input: shape, output, stride, branch, shortcut });
      shape = output;
    }
  }
  return blocks;
};
