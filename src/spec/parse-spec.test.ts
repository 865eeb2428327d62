import { describe, expect, test } from "vitest";
import { UsageError } from "../base/errors.ts";
import { resnet } from "./named-networks.ts";
import { parseSpec } from "./parse-spec.ts";

/** The least that a document must say. */
const least = {
  name: "tiny",
  input: [3, 32, 32],
  classes: 10,
  stem: { width: 16, kernel: 3, stride: 1, pool: null },
  stages: [
    { blocks: 1, width: 16, stride: 1 },
    { blocks: 1, width: 32, stride: 2 },
  ],
  block: "basic",
  shortcut: "B",
};
const refusal = (json: unknown): string => {
  try {
    parseSpec(json, "net.json");
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return "accepted";
};

describe("parseSpec(json, where)", () => {
  test("fills in the defaults", () => {
    expect(parseSpec(least, "net.json")).toEqual({
      ...least,
      stem: { ...least.stem, before: [], padding: "fixed", activated: true },
      expansion: 1,
      activation: "post",
      shortcutDownsampling: "stride",
      zeroPadding: "after",
      modulation: null,
      strideAt: "first",
      padding: "fixed",
      convolutionBias: false,
      groups: 1,
      widthPerGroup: 64,
      blockDropout: 0,
      head: { dropout: 0, bias: true },
      batchNorm: { epsilon: 1e-5, momentum: 0.1, runningVariance: "unbiased" },
      initialisation: "he-fan-out",
      zeroLastGamma: false,
    });
    expect(parseSpec({ ...least, block: "bottleneck" }, "net.json")).toMatchObject({
      strideAt: "middle",
      expansion: 4,
    });
    expect(parseSpec({ ...least, batchNorm: { epsilon: 1e-3 } }, "net.json").batchNorm.momentum).toBe(0.1);
  });

  test.each([
    [
      "no object",
      "resnet",
      'a spec should be an object with name, input, classes, stem, stages, block and shortcut but is "resnet"',
    ],
    [
      "a missing field",
      { ...least, block: undefined },
      'block should be "basic" (ResNet-18, 34), "bottleneck" (ResNet-50 and deeper) or "dense" (perceptrons) but is missing',
    ],
    [
      "a wrong word",
      { ...least, activation: "v2" },
      'activation should be "post" (the first paper, v1), "pre" (v2), or "batch-norm-after-addition", "relu-before-addition", "relu-only-pre", "no-relu-after-addition" but is "v2"',
    ],
    [
      "a fraction of a block",
      { ...least, stages: [{ blocks: 1.5, width: 16, stride: 1 }] },
      "stages[0].blocks should be a whole number of at least 1 (ResNet-50's: 3, 4, 6, 3) but is 1.5",
    ],
    [
      "more blocks than anyone can lay out",
      {
        ...least,
        stages: [
          { blocks: 9999, width: 16, stride: 1 },
          { blocks: 2, width: 16, stride: 1 },
        ],
      },
      'stages should be a list of at most 10000 blocks in all (ResNet-1202 has 600) but is [{"blocks":9999,"width":16,"stride":1},{"blocks":2,"width":1…',
    ],
    [
      "no stages",
      { ...least, stages: [] },
      "stages should be a list of at least one {blocks, width, stride} (ResNet-18 has four) but is []",
    ],
    [
      "a text for a width",
      { ...least, stem: { ...least.stem, width: "16" } },
      'stem.width should be a whole number of at least 1 (the paper\'s: 64 for ImageNet, 16 for CIFAR-10) but is "16"',
    ],
    [
      "a size of 0",
      { ...least, input: [3, 0, 32] },
      "input[1] should be a whole number of at least 1 (ImageNet: [3, 224, 224]; CIFAR-10: [3, 32, 32]) but is 0",
    ],
    [
      "two sizes",
      { ...least, input: [32, 32] },
      "input should be [channels, height, width] (ImageNet: [3, 224, 224]) but is [32,32]",
    ],
    [
      "dropout of everything",
      { ...least, head: { dropout: 1 } },
      "head.dropout should be a fraction of at least 0 and less than 1 (the paper's: 0) but is 1",
    ],
    [
      "Keras' momentum of 1.1",
      { ...least, batchNorm: { momentum: 1.1 } },
      "batchNorm.momentum should be a number greater than 0 and at most 1, the weight of the new batch (PyTorch's: 0.1) but is 1.1",
    ],
    [
      "a misspelt field",
      { ...least, stem: { ...least.stem, strides: 2 } },
      'stem has no field "strides"; did you mean "stride"?',
    ],
    ["a negative padding", { ...least, padding: -1 }, "padding should be a whole number of at least 0 but is -1"],
    [
      "a padding of another word",
      { ...least, padding: "valid" },
      'padding should be "fixed", "same", a whole number of at least 0 or {top, left, bottom, right} (PyTorch\'s: "fixed"; TensorFlow\'s: "same") but is "valid"',
    ],
    [
      "an unknown modulation",
      { ...least, modulation: { kind: "gate" } },
      'modulation.kind should be null or {kind} with kind "scaling", "exclusive-gate", "shortcut-gate" or "dropout" but is "gate"',
    ],
    [
      "a gate without a bias",
      { ...least, modulation: { kind: "exclusive-gate" } },
      "modulation.initialBias should be a number (the paper tried 0 to -10) but is missing",
    ],
    ["an unknown field", { ...least, optimizer: "sgd" }, 'a spec has no field "optimizer"; leave it out'],
  ])("refuses %s", (_, json, message) => {
    expect(refusal(json)).toBe(`net.json: ${message}`);
  });
});

describe("parseSpec(json, where), for a document of the right form,", () => {
  const bottleneck = resnet(50);
  test.each([
    [
      "convolutions without a stem",
      { ...least, stem: null },
      'stem is null, but basic blocks take a map: give a stem, as {"width": 16, "kernel": 3, "stride": 1, "pool": null}',
    ],
    [
      "a stem before dense blocks",
      { ...least, block: "dense" },
      'stem should be null with block "dense": dense blocks take the image as a list of features',
    ],
    [
      "a bare stem where nothing else activates it",
      { ...least, stem: { ...least.stem, activated: false } },
      'stem.activated is false, but with activation "post" nothing else activates the first convolution: set activation to "pre" (timm\'s resnetv2), or leave activated out',
    ],
    [
      "dense blocks with a stride",
      { ...resnet("residual-mlp-5"), stages: [{ blocks: 1, width: 16, stride: 2 }] },
      "stages[0].stride is 2, but dense blocks have no map to stride over: set it to 1",
    ],
    [
      "dense blocks with zero padding",
      { ...resnet("residual-mlp-5"), shortcut: "A" },
      'shortcut "A" pads channels of maps, which dense blocks have not: set it to "B" (a dense layer where widths differ)',
    ],
    [
      "dense blocks with gates",
      { ...resnet("residual-mlp-5"), modulation: { kind: "shortcut-gate", initialBias: 0 } },
      "modulation is set, but dense blocks have neither maps nor batch norm: leave it out",
    ],
    [
      "a gate on no shortcut",
      { ...least, shortcut: "none", modulation: { kind: "exclusive-gate", initialBias: 0 } },
      'modulation is "exclusive-gate", but with shortcut "none" there is no shortcut to change: set shortcut to "A" or "B", or modulation to null',
    ],
    [
      "a last gamma that isn't there",
      { ...least, activation: "batch-norm-after-addition", zeroLastGamma: true },
      'zeroLastGamma is true, but with activation "batch-norm-after-addition" no batch norm stands just before the addition: leave it out',
    ],
    [
      "padding that gives the paths different sizes",
      { ...least, padding: 0 },
      'padding 0 makes a branch of [32, 15, 15] but a shortcut of [32, 16, 16] at layer2.0.add: set padding to "fixed" or "same", or take another input size',
    ],
    [
      "a pool of padding alone",
      { ...resnet(18), stem: { ...resnet(18).stem, pool: { kernel: 3, stride: 2, padding: 2 } } },
      "stem.pool.padding is 2, more than half of stem.pool.kernel (3), so windows could hold no pixel: the paper has kernel 3 and padding 1",
    ],
    [
      "groups in basic blocks",
      { ...least, groups: 4 },
      'groups is 4, but basic blocks have 1: set block to "bottleneck", as ResNeXt does, or leave groups out',
    ],
    [
      "wide basic blocks",
      { ...least, widthPerGroup: 128 },
      'widthPerGroup is 128, but basic blocks have 64: set block to "bottleneck", as ResNeXt does, or leave widthPerGroup out',
    ],
    [
      "a basic block's middle",
      { ...least, strideAt: "middle" },
      'strideAt is "middle", but a basic block has its stride in the first 3×3: set block to "bottleneck", or leave strideAt out',
    ],
    [
      "widths that don't fit the groups",
      { ...bottleneck, stages: [{ blocks: 1, width: 72, stride: 1 }], groups: 32, widthPerGroup: 4 },
      "stages[0].width 72 × widthPerGroup 4 / 64 gives groups of 4.5 channels, not a whole number: ResNets have widthPerGroup 64, ResNeXt-50 32×4d has widths 64 to 512 and widthPerGroup 4",
    ],
    [
      "widths that don't fit the shortcut",
      {
        ...least,
        shortcut: "A",
        stages: [
          { blocks: 1, width: 32, stride: 1 },
          { blocks: 1, width: 16, stride: 2 },
        ],
      },
      'stages[1].width 16 gives 16 channels after 32, and shortcut "A" can only add channels of zeros: widen the stage (the paper doubles: 16, 32, 64) or set shortcut to "B"',
    ],
    [
      "a first stage narrower than the stem",
      { ...least, shortcut: "A", stem: { ...least.stem, width: 24 } },
      'stages[0].width 16 gives 16 channels after 24, and shortcut "A" can only add channels of zeros: widen the stage (the paper doubles: 16, 32, 64) or set shortcut to "B"',
    ],
    [
      "a dead start before relu",
      { ...least, activation: "pre", zeroLastGamma: true },
      'zeroLastGamma is true, but with activation "pre" a relu follows that batch norm and a branch that starts at 0 gets no gradient: leave it out',
    ],
    [
      "a dead plain net",
      { ...least, shortcut: "none", zeroLastGamma: true },
      'zeroLastGamma is true, but with shortcut "none" every block would give 0: leave it out',
    ],
    [
      "images too small for the strides",
      { ...resnet(18), input: [3, 16, 16] },
      "input 16×16 is too small: layer4.0.conv1 (kernel 3, stride 2) would shrink a map of 1×1 below one pixel; give it at least 17×17, or take a network for small images, as resnet20",
    ],
    [
      "images too small for the pool",
      { ...least, input: [3, 2, 8], stem: { ...least.stem, pool: { kernel: 3, stride: 1, padding: 0 } } },
      "input 2×8 is too small: maxpool (kernel 3, stride 1) would shrink a map of 2×8 below one pixel; give it at least 4×4, or take a network for small images, as resnet20",
    ],
  ])("refuses %s", (_, json, message) => {
    expect(refusal(json)).toBe(`net.json: ${message}`);
  });

  test("accepts the smallest image that it recommends", () => {
    expect(parseSpec({ ...resnet(18), input: [3, 17, 17] }, "net.json").input).toEqual([3, 17, 17]);
  });
});
