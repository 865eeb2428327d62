// The form of a spec as JSON: fields, types, ranges, defaults. What a spec means is validate-spec.ts's business.
import { z } from "zod";
import type { ActivationOrder } from "./spec.ts";

// The text of each field continues "… should be"; it ends with the papers' value.
const whole = (error: string) => z.int({ error }).min(1, { error });

const sizes = whole("a whole number of at least 1 (ImageNet: [3, 224, 224]; CIFAR-10: [3, 32, 32])");
const sideText = "a whole number of at least 0";
const side = z.int({ error: sideText }).min(0, { error: sideText });
export const sidesSchema = z.strictObject(
  { top: side, left: side, bottom: side, right: side },
  { error: "{top, left, bottom, right}" },
);
const paddingSchema = (usual: string) =>
  z.union([z.enum(["fixed", "same"]), side, sidesSchema], {
    error: `"fixed", "same", a whole number of at least 0 or {top, left, bottom, right} (${usual})`,
  });
export const poolSchema = z.strictObject(
  {
    kernel: whole("a whole number of at least 1 (the paper's: 3)"),
    stride: whole("a whole number of at least 1 (the paper's: 2)"),
    padding: paddingSchema("the paper's: 1"),
  },
  { error: "{kernel, stride, padding} or null (the paper's: 3, 2, 1 for ImageNet, null for CIFAR-10)" },
);
export const stemSchema = z.strictObject(
  {
    width: whole("a whole number of at least 1 (the paper's: 64 for ImageNet, 16 for CIFAR-10)"),
    before: z
      .array(whole("a whole number of at least 1 (ResNet-C's: 32)"), {
        error: "a list of widths (ResNet-C's: [32, 32])",
      })
      .default([]),
    kernel: whole("a whole number of at least 1 (the paper's: 7 for ImageNet, 3 for CIFAR-10)"),
    stride: whole("a whole number of at least 1 (the paper's: 2 for ImageNet, 1 for CIFAR-10)"),
    padding: paddingSchema('"fixed", (kernel − 1) / 2 for odd kernels').default("fixed"),
    activated: z.boolean({ error: "true (batch norm and relu follow: He's) or false (timm's resnetv2)" }).default(true),
    pool: poolSchema.nullable(),
  },
  { error: "{width, kernel, stride, pool} or null (for dense blocks)" },
);
export const stageSchema = z.strictObject(
  {
    blocks: whole("a whole number of at least 1 (ResNet-50's: 3, 4, 6, 3)"),
    width: whole("a whole number of at least 1 (the paper's: 64, 128, 256, 512 for ImageNet, 16, 32, 64 for CIFAR-10)"),
    stride: whole("a whole number of at least 1 (the paper's: 1 in the first stage, then 2)"),
  },
  { error: "{blocks, width, stride}" },
);
/** In the order of the papers; the later ones are ablations. */
const activationOrders = [
  "post",
  "pre",
  "batch-norm-after-addition",
  "relu-before-addition",
  "relu-only-pre",
  "no-relu-after-addition",
] as const satisfies readonly ActivationOrder[];
const dropoutText = "a fraction of at least 0 and less than 1 (the paper's: 0)";
export const headSchema = z.strictObject(
  {
    dropout: z.number({ error: dropoutText }).min(0, { error: dropoutText }).lt(1, { error: dropoutText }).default(0),
    bias: z.boolean({ error: "true (the paper) or false (dlib's face net)" }).default(true),
  },
  { error: "{dropout, bias}" },
);
const epsilonText = "a number greater than 0 (PyTorch's: 1e-5)";
const momentumText = "a number greater than 0 and at most 1, the weight of the new batch (PyTorch's: 0.1)";
export const batchNormSchema = z.strictObject(
  {
    epsilon: z.number({ error: epsilonText }).gt(0, { error: epsilonText }).default(1e-5),
    momentum: z
      .number({ error: momentumText })
      .gt(0, { error: momentumText })
      .max(1, { error: momentumText })
      .default(0.1),
    runningVariance: z
      .enum(["unbiased", "biased"], { error: '"unbiased" (PyTorch\'s) or "biased" (Keras\')' })
      .default("unbiased"),
  },
  { error: "{epsilon, momentum, runningVariance}" },
);
const numberText = "a number (the paper tried 0.5 and 1)";
const biasText = "a number (the paper tried 0 to -10)";
const fractionText = "a fraction of at least 0 and less than 1 (the paper's: 0.5)";
const scale = z.number({ error: numberText });
const initialBias = z.number({ error: biasText });
export const modulationSchemas = [
  z.strictObject({ kind: z.literal("scaling"), shortcut: scale, branch: scale }),
  z.strictObject({ kind: z.literal("exclusive-gate"), initialBias }),
  z.strictObject({ kind: z.literal("shortcut-gate"), initialBias }),
  z.strictObject({
    kind: z.literal("dropout"),
    fraction: z.number({ error: fractionText }).min(0, { error: fractionText }).lt(1, { error: fractionText }),
  }),
] as const;
const modulationSchema = z.discriminatedUnion("kind", modulationSchemas, {
  error: 'null or {kind} with kind "scaling", "exclusive-gate", "shortcut-gate" or "dropout"',
});
/** A bound, because specs stand in files of others as well, and blocks are laid out one by one. */
const mostBlocks = 10_000;
const stagesText = "a list of at least one {blocks, width, stride} (ResNet-18 has four)";
const blocksText = `a list of at most ${mostBlocks} blocks in all (ResNet-1202 has 600)`;
const blocksOf = (stages: readonly { readonly blocks: number }[]): number =>
  stages.reduce((sum, { blocks }) => sum + blocks, 0);
export const specSchema = z.strictObject(
  {
    name: z.string({ error: 'a text, such as "resnet18"' }).min(1, { error: 'a text, such as "resnet18"' }),
    input: z.tuple([sizes, sizes, sizes], { error: "[channels, height, width] (ImageNet: [3, 224, 224])" }),
    classes: whole("a whole number of at least 1 (ImageNet: 1000; CIFAR-10: 10)"),
    stem: stemSchema.nullable(),
    stages: z
      .array(stageSchema, { error: stagesText })
      .min(1, { error: stagesText })
      .refine((stages) => blocksOf(stages) <= mostBlocks, { error: blocksText }),
    block: z.enum(["basic", "bottleneck", "dense"], {
      error: '"basic" (ResNet-18, 34), "bottleneck" (ResNet-50 and deeper) or "dense" (perceptrons)',
    }),
    expansion: whole("a whole number of at least 1 (the paper's: 1 for basic blocks, 4 for bottlenecks)").optional(),
    activation: z
      .enum(activationOrders, {
        error: `"post" (the first paper, v1), "pre" (v2), or ${activationOrders
          .slice(2)
          .map((order) => `"${order}"`)
          .join(", ")}`,
      })
      .default("post"),
    shortcut: z.enum(["A", "B", "C", "none"], {
      error:
        '"A" (zero padding: CIFAR-10), "B" (projection where shapes differ: ImageNet), "C" (projection everywhere) or "none" (plain)',
    }),
    zeroPadding: z.enum(["after", "around"], { error: '"after" (torch7\'s) or "around"' }).default("after"),
    shortcutDownsampling: z
      .enum(["stride", "average", "average-whole"], {
        error: '"stride" (the paper), "average" (ResNet-D) or "average-whole" (dlib)',
      })
      .default("stride"),
    modulation: modulationSchema.nullable().default(null),
    strideAt: z.enum(["first", "middle"], { error: '"first" (the paper, v1) or "middle" (v1.5)' }).optional(),
    padding: paddingSchema('PyTorch\'s: "fixed"; TensorFlow\'s: "same"').default("fixed"),
    convolutionBias: z.boolean({ error: "true (Keras) or false (the paper)" }).default(false),
    groups: whole("a whole number of at least 1 (ResNet: 1; ResNeXt-50 32×4d: 32)").default(1),
    widthPerGroup: whole("a whole number of at least 1 (ResNet: 64; ResNeXt-50 32×4d: 4)").default(64),
    blockDropout: z
      .number({ error: dropoutText })
      .min(0, { error: dropoutText })
      .lt(1, { error: dropoutText })
      .default(0),
    head: headSchema.default({ dropout: 0, bias: true }),
    batchNorm: batchNormSchema.default({ epsilon: 1e-5, momentum: 0.1, runningVariance: "unbiased" }),
    initialisation: z
      .enum(["he-fan-out", "he-fan-in", "he-fan-in-truncated"], {
        error: '"he-fan-out" (torchvision\'s), "he-fan-in" or "he-fan-in-truncated" (Keras\')',
      })
      .default("he-fan-out"),
    zeroLastGamma: z.boolean({ error: "true or false (the paper's: false)" }).default(false),
  },
  { error: "an object with name, input, classes, stem, stages, block and shortcut" },
);

/** Every field that a spec or a part of one can have, for "did you mean". */
export const fieldNames: readonly string[] = [
  specSchema,
  stemSchema,
  poolSchema,
  sidesSchema,
  stageSchema,
  headSchema,
  batchNormSchema,
  ...modulationSchemas,
].flatMap(({ shape }) => Object.keys(shape));
