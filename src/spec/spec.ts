// A residual network as plain data: everything that distinguishes one ResNet from another, and nothing that follows from it.
// Sizes, names and counts are computed (blocks.ts, layers.ts, counts.ts). From a file, a spec comes through parse-spec.ts.

/** Channels, height and width of one image or of one image's activations. */
export type MapShape = readonly [channels: number, height: number, width: number];

/** Rows and columns of zeros around a map (of −∞ for a maximum). */
export interface Sides {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

/**
 * How windows are padded. fixed: kernel − 1 in all, the smaller half before, whatever the input (for odd kernels PyTorch's
 * usual (kernel − 1) / 2). same: TensorFlow's, just enough for ⌈size / stride⌉ windows, the smaller half before; it depends
 * on the input's size. A number: so much on each side. Sides: explicit amounts.
 */
export type Padding = "fixed" | "same" | number | Sides;

/**
 * The first layers. The first paper: 7×7, stride 2, 64 filters and a 3×3 max pool of stride 2 and padding 1 for ImageNet;
 * 3×3, stride 1, 16 filters and no pool for CIFAR-10. ResNet-C: 3×3 of 32, 32 and 64 filters in place of the 7×7.
 */
export interface Stem {
  /** Filters, hence channels that the first stage takes. */
  readonly width: number;
  /**
   * Filters of further convolutions in front of that one, of the same kernel, each with batch norm and relu; the first of all
   * has the stride. Empty but for deep stems: [32, 32] in ResNet-C and -D (1812.01187, section 4.2).
   */
  readonly before: readonly number[];
  readonly kernel: number;
  readonly stride: number;
  readonly padding: Padding;
  /**
   * Whether batch norm and relu follow the convolution. Two conventions exist for pre-activation networks. He's (1603.05027,
   * appendix): true, and the first block, whose two paths share that activation, has none of its own. timm's resnetv2:
   * false, the bare convolution is pooled, and the first block begins with batch norm and relu as all others do.
   */
  readonly activated: boolean;
  readonly pool: { readonly kernel: number; readonly stride: number; readonly padding: Padding } | null;
}

/** Blocks of one width. `stride` is the first block's; the others have 1. */
export interface Stage {
  readonly blocks: number;
  /** The paper's width: channels of a basic block's first 3×3; of a bottleneck's 3×3 where groups are 1; features of a dense layer. */
  readonly width: number;
  readonly stride: number;
}

/** Two 3×3 convolutions; or 1×1, 3×3, 1×1; or two dense layers (1512.03385, equations 1 and 2), which have no batch norm. */
export type BlockKind = "basic" | "bottleneck" | "dense";

/**
 * Where batch norm and relu stand in a block: layers.ts has the orders as a table.
 * post, pre: the networks of "Deep residual learning" (1512.03385: v1) and "Identity mappings" (1603.05027: v2).
 * batch-norm-after-addition, relu-before-addition, relu-only-pre: the other three of 1603.05027, figure 4 and table 2.
 * no-relu-after-addition: post without its last relu (Gross & Wilber, torch.ch, 2016); the dense block W₂·relu(W₁·x) + x.
 */
export type ActivationOrder =
  | "post"
  | "batch-norm-after-addition"
  | "relu-before-addition"
  | "relu-only-pre"
  | "pre"
  | "no-relu-after-addition";

/**
 * What joins a block's input to its output (1512.03385, section 4.1). Identity where the shapes agree, except in C.
 * A: every stride-th pixel, and zeros for the new channels; no parameters. B: a 1×1 convolution where the shapes differ.
 * C: a 1×1 convolution in every block. none: a plain network. Between dense layers, B and C project by a dense layer.
 */
export type ShortcutOption = "A" | "B" | "C" | "none";

/**
 * How shortcuts of A, B and C follow the stride. stride: they take every stride-th pixel. average: they take the mean of
 * each stride × stride window, also of what is left of one at the edge: with B, ResNet-D (1812.01187, section 4.2).
 * average-whole: of whole windows only; where branch and shortcut then differ in size, the smaller gets rows of zeros below
 * and columns of zeros to the right, and the block has the larger size: with A, dlib's face net (its layer add_prev).
 */
export type ShortcutDownsampling = "stride" | "average" | "average-whole";

/**
 * Where option A puts its zeros. after: behind the image's channels (torch7's Concat; blocks of 16 channels stay aligned).
 * around: half before, half after (the rounded-down half before), as the common PyTorch port for CIFAR does.
 */
export type ZeroPadding = "after" | "around";

/**
 * What else happens to the two paths before they are added (1603.05027, section 3.1, figure 2, table 1), with x what the
 * shortcut option made of the block's input, F the branch, and a gate g = σ(W·input + b) by a 1×1 convolution with bias:
 * scaling: shortcut·x + branch·F. exclusive-gate: (1 − g)·x + g·F. shortcut-gate: (1 − g)·x + F. dropout: dropout(x) + F.
 * b starts at `initialBias` (the paper tried 0 to −10). In place of the gate, the paper's "1×1 conv shortcut" is option C.
 */
export interface Modulations {
  scaling: { readonly shortcut: number; readonly branch: number };
  "exclusive-gate": { readonly initialBias: number };
  "shortcut-gate": { readonly initialBias: number };
  dropout: { readonly fraction: number };
}
export type ModulationKind = keyof Modulations;
/** A modulation of any kind or, given a kind, of that kind. */
export type Modulation<K extends ModulationKind = ModulationKind> = {
  [P in K]: { readonly kind: P } & Modulations[P];
}[K];

/** Which convolution of a block has the stride. A bottleneck's first 1×1: the paper's (v1); its 3×3: torchvision's (v1.5). */
export type StridePlace = "first" | "middle";

/**
 * Convolutions start with mean 0 and variance 2 / fan (He et al., 1502.01852).
 * he-fan-out: normal, fan = kernel² × outChannels whatever the groups, as torchvision, timm and torch7's ResNets have it.
 * he-fan-in: normal, fan = kernel² × inChannels / groups, as the paper.
 * he-fan-in-truncated: the same, nothing beyond two deviations (made wider by 1 / 0.8796 to keep the variance), as Keras'
 * he_normal and TensorFlow's ResNets.
 */
export type Initialisation = "he-fan-out" | "he-fan-in" | "he-fan-in-truncated";

export interface ResNetSpec {
  readonly name: string;
  readonly input: MapShape;
  readonly classes: number;
  /** null, for blocks of dense layers: the image is flattened and goes to the first block. */
  readonly stem: Stem | null;
  readonly stages: readonly Stage[];
  readonly block: BlockKind;
  /** A block's output channels ÷ its stage's width: 1 for basic and dense blocks, 4 for bottlenecks in the papers. */
  readonly expansion: number;
  readonly activation: ActivationOrder;
  readonly shortcut: ShortcutOption;
  readonly shortcutDownsampling: ShortcutDownsampling;
  readonly zeroPadding: ZeroPadding;
  readonly modulation: Modulation | null;
  /** Basic blocks have it "first". */
  readonly strideAt: StridePlace;
  /** Of the blocks' convolutions. Explicit amounts are for those with a stride and a kernel above 1; the others keep sizes. */
  readonly padding: Padding;
  /** Whether the convolutions have biases, as Keras' ResNets; beside batch norm they are redundant. */
  readonly convolutionBias: boolean;
  /** Groups of a bottleneck's 3×3 (ResNeXt's cardinality); 1 is a ResNet. */
  readonly groups: number;
  /** Channels of each group where the stage's width is 64: the 3×3 has width × widthPerGroup / 64 × groups. 64 is a ResNet. */
  readonly widthPerGroup: number;
  /** The fraction of values set to zero before a block's last layer while training (wide ResNets, 1605.07146, section 2.4); 0: none. */
  readonly blockDropout: number;
  /**
   * `dropout` is the fraction of features set to zero before the dense layer while training; 0 means that there is no such layer.
   * `bias`: whether the dense layer has one (all but dlib's face net have).
   */
  readonly head: { readonly dropout: number; readonly bias: boolean };
  /**
   * `momentum` is PyTorch's: the weight of the new batch in running statistics (Keras' is 1 minus it). `runningVariance`
   * says which variance of a batch of M values enters them: unbiased (÷ (M − 1): PyTorch, and TensorFlow's fused kernel) or
   * biased (÷ M: Keras' unfused definition).
   */
  readonly batchNorm: {
    readonly epsilon: number;
    readonly momentum: number;
    readonly runningVariance: "unbiased" | "biased";
  };
  readonly initialisation: Initialisation;
  /** Starts each block as the identity: the scale of its last batch norm is 0 (Goyal et al., 1706.02677, section 5.1). */
  readonly zeroLastGamma: boolean;
}

/** Fields of a spec to set otherwise than a named network has them; of the stem, those with a default may be left out. */
export interface SpecOptions extends Partial<Omit<ResNetSpec, "stem" | "head" | "batchNorm">> {
  readonly stem?: (Pick<Stem, "width" | "kernel" | "stride" | "pool"> & Partial<Stem>) | null;
  readonly head?: Partial<ResNetSpec["head"]>;
  readonly batchNorm?: Partial<ResNetSpec["batchNorm"]>;
}
