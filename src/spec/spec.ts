// A residual network as plain data: everything that distinguishes one ResNet from another, and nothing that follows from it.
// Sizes, names and counts are computed (blocks.ts, layers.ts, counts.ts). From a file, a spec comes through parse-spec.ts.

/** Channels, height and width of one image or of one image's activations. */
export type MapShape = readonly [channels: number, height: number, width: number];

/**
 * The first layers. The convolution is padded by (kernel − 1) / 2, so a stride of 1 keeps the size.
 * The first paper: 7×7, stride 2, 64 filters and a 3×3 max pool of stride 2 and padding 1 for ImageNet; 3×3, stride 1,
 * 16 filters and no pool for CIFAR-10.
 */
export interface Stem {
  /** Filters, hence channels that the first stage takes. */
  readonly width: number;
  /** Odd. */
  readonly kernel: number;
  readonly stride: number;
  readonly pool: { readonly kernel: number; readonly stride: number; readonly padding: number } | null;
}

/** Blocks of one width. `stride` is the first block's; the others have 1. */
export interface Stage {
  readonly blocks: number;
  /** The paper's width: channels of a basic block; of a bottleneck's 3×3 where groups are 1, its output having four times as many. */
  readonly width: number;
  readonly stride: number;
}

/** Two 3×3 convolutions, or 1×1, 3×3, 1×1 with four times the width at the end. */
export type BlockKind = "basic" | "bottleneck";

/**
 * post: convolution, batch norm, relu, with the last relu after the addition ("Deep residual learning", 1512.03385: v1).
 * pre: batch norm, relu, convolution, with nothing after the addition ("Identity mappings", 1603.05027: v2).
 */
export type ActivationOrder = "post" | "pre";

/**
 * What joins a block's input to its output (1512.03385, section 4.1). Identity where the shapes agree, except in C.
 * A: every stride-th pixel, and zeros for the new channels; no parameters. B: a 1×1 convolution where the shapes differ.
 * C: a 1×1 convolution in every block. none: a plain network.
 */
export type ShortcutOption = "A" | "B" | "C" | "none";

/**
 * Where option A puts its zeros. after: behind the image's channels (torch7's Concat; blocks of 16 channels stay aligned).
 * around: half before, half after (the rounded-down half before), as the common PyTorch port for CIFAR does.
 */
export type ZeroPadding = "after" | "around";

/** Which convolution of a block has the stride. A bottleneck's first 1×1: the paper's (v1); its 3×3: torchvision's (v1.5). */
export type StridePlace = "first" | "middle";

/**
 * Convolutions start normal with mean 0 and variance 2 / fan (He et al., 1502.01852). he-fan-out: kernel² × outChannels,
 * whatever the groups, as torchvision and torch7's ResNets have it. he-fan-in: kernel² × inChannels / groups, as the paper.
 */
export type Initialisation = "he-fan-out" | "he-fan-in";

export interface ResNetSpec {
  readonly name: string;
  readonly input: MapShape;
  readonly classes: number;
  readonly stem: Stem;
  readonly stages: readonly Stage[];
  readonly block: BlockKind;
  readonly activation: ActivationOrder;
  readonly shortcut: ShortcutOption;
  readonly zeroPadding: ZeroPadding;
  /** Basic blocks have it "first". */
  readonly strideAt: StridePlace;
  /** Groups of a bottleneck's 3×3 (ResNeXt's cardinality); 1 is a ResNet. */
  readonly groups: number;
  /** Channels of each group where the stage's width is 64: the 3×3 has width × widthPerGroup / 64 × groups. 64 is a ResNet. */
  readonly widthPerGroup: number;
  /** `dropout` is the fraction of features set to zero before the dense layer while training; 0 means that there is no such layer. */
  readonly head: { readonly dropout: number };
  /** `momentum` is PyTorch's: the weight of the new batch in running statistics (Keras' is 1 minus it). */
  readonly batchNorm: { readonly epsilon: number; readonly momentum: number };
  readonly initialisation: Initialisation;
  /** Starts each block as the identity: the scale of its last batch norm is 0 (Goyal et al., 1706.02677, section 5.1). */
  readonly zeroLastGamma: boolean;
}
