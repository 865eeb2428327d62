// The geometry of a network's blocks, computed once: channels, strides, sizes, names. layers.ts turns it into layers.
import type { BlockKind, MapShape, ResNetSpec, Stage } from "./spec.ts";

/** One convolution of a block's residual branch, padded by (kernel − 1) / 2. */
export interface BranchConvolution {
  readonly kernel: number;
  readonly outChannels: number;
  readonly stride: number;
  readonly groups: number;
}

/** How a block's input reaches its addition; null in a plain network, which has no addition. */
export type Shortcut =
  | { readonly kind: "identity" }
  /** Every stride-th pixel, between `before` and `after` channels of zeros. */
  | { readonly kind: "zeroPad"; readonly before: number; readonly after: number }
  | { readonly kind: "projection" }
  | null;

export interface Block {
  /** torchvision's path: `layer1.0` is the first block of the first stage. */
  readonly name: string;
  readonly input: MapShape;
  readonly output: MapShape;
  readonly stride: number;
  readonly branch: readonly BranchConvolution[];
  readonly shortcut: Shortcut;
  /**
   * Pre-activation only: whether the shortcut as well takes what the first batch norm and relu made of the input. So it is
   * for the network's first block (1603.05027, appendix) and where the shortcut changes the shape (the authors' code).
   */
  readonly sharedActivation: boolean;
}

/** Output channels ÷ the stage's width. */
export const expansions: { readonly [B in BlockKind]: number } = { basic: 1, bottleneck: 4 };

/** Channels of a bottleneck's 3×3: those of one group, times the groups. Whole numbers: validate-spec.ts sees to it. */
export const groupWidth = (spec: ResNetSpec, stage: Stage): number => (stage.width * spec.widthPerGroup) / 64;

const branches: {
  readonly [B in BlockKind]: (spec: ResNetSpec, stage: Stage, stride: number) => readonly BranchConvolution[];
} = {
  basic: (_, { width }, stride) => [
    { kernel: 3, outChannels: width, stride, groups: 1 },
    { kernel: 3, outChannels: width, stride: 1, groups: 1 },
  ],
  bottleneck: (spec, stage, stride) => {
    const inner = groupWidth(spec, stage) * spec.groups;
    const [first, middle] = spec.strideAt === "first" ? [stride, 1] : [1, stride];
    return [
      { kernel: 1, outChannels: inner, stride: first, groups: 1 },
      { kernel: 3, outChannels: inner, stride: middle, groups: spec.groups },
      { kernel: 1, outChannels: stage.width * expansions.bottleneck, stride: 1, groups: 1 },
    ];
  },
};

/** ⌊(size + 2·padding − kernel) / stride⌋ + 1 pixels, of a convolution or a pool. */
export const windowCount = (size: number, kernel: number, stride: number, padding: number): number =>
  Math.floor((size + 2 * padding - kernel) / stride) + 1;

/** What a convolution with `channels` filters, padded by (kernel − 1) / 2, makes of a map. */
export const convolved = ([, height, width]: MapShape, channels: number, kernel: number, stride: number): MapShape => {
  const padding = (kernel - 1) / 2;
  return [channels, windowCount(height, kernel, stride, padding), windowCount(width, kernel, stride, padding)];
};

const shortcutOf = (spec: ResNetSpec, stride: number, from: number, to: number): Shortcut => {
  if (spec.shortcut === "none") return null;
  if (spec.shortcut === "C") return { kind: "projection" };
  if (stride === 1 && from === to) return { kind: "identity" };
  if (spec.shortcut === "B") return { kind: "projection" };
  const before = spec.zeroPadding === "around" ? Math.floor((to - from) / 2) : 0;
  return { kind: "zeroPad", before, after: to - from - before };
};

/** The blocks in order; `input` is what the stem hands to the first. */
export const blocksOf = (spec: ResNetSpec, input: MapShape): readonly Block[] => {
  const blocks: Block[] = [];
  let shape = input;
  for (const [s, stage] of spec.stages.entries()) {
    const outChannels = stage.width * expansions[spec.block];
    for (let b = 0; b < stage.blocks; b++) {
      const stride = b === 0 ? stage.stride : 1;
      const shortcut = shortcutOf(spec, stride, shape[0], outChannels);
      const output = convolved(shape, outChannels, 1, stride);
      const sharedActivation = spec.activation === "pre" && (blocks.length === 0 || shortcut?.kind !== "identity");
      const branch = branches[spec.block](spec, stage, stride);
      blocks.push({ name: `layer${s + 1}.${b}`, input: shape, output, stride, branch, shortcut, sharedActivation });
      shape = output;
    }
  }
  return blocks;
};
