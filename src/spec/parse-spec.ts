// Specs from outside (files, HTTP, the command line): the form is checked here, the meaning in validate-spec.ts.
import { z } from "zod";
import { UsageError } from "../base/errors.ts";
import { nearest } from "../base/nearest.ts";
import type { ResNetSpec } from "./spec.ts";
import { validateSpec } from "./validate-spec.ts";

// The text of each field continues "… should be"; it ends with the papers' value.
const whole = (error: string) => z.int({ error }).min(1, { error });

const sizes = whole("a whole number of at least 1 (ImageNet: [3, 224, 224]; CIFAR-10: [3, 32, 32])");
const poolSchema = z.strictObject(
  {
    kernel: whole("a whole number of at least 1 (the paper's: 3)"),
    stride: whole("a whole number of at least 1 (the paper's: 2)"),
    padding: z
      .int({ error: "a whole number of at least 0 (the paper's: 1)" })
      .min(0, { error: "a whole number of at least 0 (the paper's: 1)" }),
  },
  { error: "{kernel, stride, padding} or null (the paper's: 3, 2, 1 for ImageNet, null for CIFAR-10)" },
);
const stemSchema = z.strictObject(
  {
    width: whole("a whole number of at least 1 (the paper's: 64 for ImageNet, 16 for CIFAR-10)"),
    kernel: whole("an odd whole number (the paper's: 7 for ImageNet, 3 for CIFAR-10)"),
    stride: whole("a whole number of at least 1 (the paper's: 2 for ImageNet, 1 for CIFAR-10)"),
    pool: poolSchema.nullable(),
  },
  { error: "{width, kernel, stride, pool}" },
);
const stageSchema = z.strictObject(
  {
    blocks: whole("a whole number of at least 1 (ResNet-50's: 3, 4, 6, 3)"),
    width: whole("a whole number of at least 1 (the paper's: 64, 128, 256, 512 for ImageNet, 16, 32, 64 for CIFAR-10)"),
    stride: whole("a whole number of at least 1 (the paper's: 1 in the first stage, then 2)"),
  },
  { error: "{blocks, width, stride}" },
);
const dropoutText = "a fraction of at least 0 and less than 1 (the paper's: 0)";
const headSchema = z.strictObject(
  { dropout: z.number({ error: dropoutText }).min(0, { error: dropoutText }).lt(1, { error: dropoutText }) },
  { error: "{dropout}" },
);
const epsilonText = "a number greater than 0 (PyTorch's: 1e-5)";
const momentumText = "a number greater than 0 and at most 1, the weight of the new batch (PyTorch's: 0.1)";
const batchNormSchema = z.strictObject(
  {
    epsilon: z.number({ error: epsilonText }).gt(0, { error: epsilonText }).default(1e-5),
    momentum: z
      .number({ error: momentumText })
      .gt(0, { error: momentumText })
      .max(1, { error: momentumText })
      .default(0.1),
  },
  { error: "{epsilon, momentum}" },
);
const stagesText = "a list of at least one {blocks, width, stride} (ResNet-18 has four)";
const specSchema = z.strictObject(
  {
    name: z.string({ error: 'a text, such as "resnet18"' }).min(1, { error: 'a text, such as "resnet18"' }),
    input: z.tuple([sizes, sizes, sizes], { error: "[channels, height, width] (ImageNet: [3, 224, 224])" }),
    classes: whole("a whole number of at least 1 (ImageNet: 1000; CIFAR-10: 10)"),
    stem: stemSchema,
    stages: z.array(stageSchema, { error: stagesText }).min(1, { error: stagesText }),
    block: z.enum(["basic", "bottleneck"], { error: '"basic" (ResNet-18, 34) or "bottleneck" (ResNet-50 and deeper)' }),
    activation: z.enum(["post", "pre"], { error: '"post" (the first paper, v1) or "pre" (v2)' }).default("post"),
    shortcut: z.enum(["A", "B", "C", "none"], {
      error:
        '"A" (zero padding: CIFAR-10), "B" (projection where shapes differ: ImageNet), "C" (projection everywhere) or "none" (plain)',
    }),
    zeroPadding: z.enum(["after", "around"], { error: '"after" (torch7\'s) or "around"' }).default("after"),
    strideAt: z.enum(["first", "middle"], { error: '"first" (the paper, v1) or "middle" (v1.5)' }).optional(),
    groups: whole("a whole number of at least 1 (ResNet: 1; ResNeXt-50 32×4d: 32)").default(1),
    widthPerGroup: whole("a whole number of at least 1 (ResNet: 64; ResNeXt-50 32×4d: 4)").default(64),
    head: headSchema.default({ dropout: 0 }),
    batchNorm: batchNormSchema.default({ epsilon: 1e-5, momentum: 0.1 }),
    initialisation: z
      .enum(["he-fan-out", "he-fan-in"], { error: '"he-fan-out" (torchvision\'s) or "he-fan-in"' })
      .default("he-fan-out"),
    zeroLastGamma: z.boolean({ error: "true or false (the paper's: false)" }).default(false),
  },
  { error: "an object with name, input, classes, stem, stages, block and shortcut" },
);

const fieldNames = [specSchema, stemSchema, poolSchema, stageSchema, headSchema, batchNormSchema].flatMap(({ shape }) =>
  Object.keys(shape),
);

/** `stages[0].width`, from the keys that lead there. */
const fieldPath = (keys: readonly PropertyKey[]): string =>
  keys
    .map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`))
    .join("")
    .replace(/^\./, "");

/** The value that the keys lead to, as an error shows it. */
const shown = (json: unknown, keys: readonly PropertyKey[]): string => {
  let value = json;
  for (const key of keys) value = typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
  if (value === undefined) return "is missing";
  const text = typeof value === "number" ? String(value) : (JSON.stringify(value) ?? String(value));
  return `is ${text.length > 60 ? `${text.slice(0, 60)}…` : text}`;
};

const problemOf = (json: unknown, issue: z.core.$ZodIssue): string => {
  const path = fieldPath(issue.path);
  if (issue.code === "unrecognized_keys") {
    const key = issue.keys[0] ?? "";
    const known = nearest(key, fieldNames);
    const place = path === "" ? "a spec" : path;
    return `${place} has no field "${key}"${known === null ? "; leave it out" : `; did you mean "${known}"?`}`;
  }
  return `${path === "" ? "a spec" : path} should be ${issue.message} but ${shown(json, issue.path)}`;
};

/**
 * The spec in a parsed JSON document. `where` is the file or name that errors begin with.
 *
 * Required are name, input, classes, stem, stages, block and shortcut. Defaults: activation "post", zeroPadding "after",
 * strideAt "first" for basic blocks and "middle" (v1.5) for bottlenecks, groups 1, widthPerGroup 64, no dropout, batch
 * norm with epsilon 1e-5 and momentum 0.1, initialisation "he-fan-out", zeroLastGamma false.
 *
 * Throws UsageError, about the first wrong field, when the document has another form or doesn't mean a network.
 */
export const parseSpec = (json: unknown, where: string): ResNetSpec => {
  const parsed = specSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new UsageError(`${where}: ${issue === undefined ? "not a spec" : problemOf(json, issue)}`);
  }
  const { strideAt = parsed.data.block === "basic" ? "first" : "middle", ...rest } = parsed.data;
  return validateSpec({ ...rest, strideAt }, where);
};
