// The manifest of a tfjs layers-format model: `weightsManifest` of model.json lists groups of shards (files that lie end to end)
// and the weights in each group, in order and without gaps. Checked whole before a byte of the shards is read or allocated.
// Format: https://github.com/tensorflow/tfjs/tree/master/tfjs-converter. Reading the weights themselves: tfjs.ts.
import { z } from "zod";
import { FormatError } from "../base/errors.ts";
import { elementCount, formatShape, type Shape } from "../base/shape.ts";

/** Bytes of one element as it is stored. A quantised weight is stored in its quantisation's type. */
export const tfjsBytes = { float32: 4, float16: 2, int32: 4, bool: 1, uint8: 1, uint16: 2 } as const;
export type TfjsStored = keyof typeof tfjsBytes;

export interface TfjsWeight {
  /** Keras': `conv1/kernel`. */
  readonly name: string;
  readonly shape: Shape;
  /** What it is once read. */
  readonly kind: "float" | "integer";
  readonly stored: TfjsStored;
  /** value = stored · scale + min; null where values are stored as they are. */
  readonly quantisation: { readonly scale: number; readonly min: number } | null;
  /** Bytes, counted from the start of its group. */
  readonly begin: number;
  readonly end: number;
}

export interface TfjsGroup {
  /** Shards, relative to model.json's folder and inside it. */
  readonly paths: readonly string[];
  readonly weights: readonly TfjsWeight[];
  /** Of all its shards together. */
  readonly bytes: number;
}

export interface TfjsManifest {
  /** The network as Keras describes it. */
  readonly topology: unknown;
  readonly groups: readonly TfjsGroup[];
  /** `userDefinedMetadata.residual`, if we wrote the model: texts by key. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Longer files are no model.json: that of a ResNet-152 has 400 kB. */
export const maxManifestBytes = 64 * 2 ** 20;

const size = z.int().min(0);
const weightSchema = z.object({
  name: z.string(),
  shape: z.array(size).max(64),
  dtype: z.enum(["float32", "float16", "int32", "bool", "uint8", "uint16"]),
  quantization: z
    .object({
      dtype: z.enum(["uint8", "uint16", "float16"]),
      scale: z.number().optional(),
      min: z.number().optional(),
    })
    .optional(),
});
const manifestSchema = z.object({
  modelTopology: z.unknown(),
  weightsManifest: z.array(z.object({ paths: z.array(z.string()).min(1), weights: z.array(weightSchema) })),
  userDefinedMetadata: z.object({ residual: z.record(z.string(), z.string()).optional() }).nullish(),
});

/** A relative path of plain names: nothing absolute, no way up, no drive, no address. */
const staysInside = (path: string): boolean =>
  !/[\\:\0]/.test(path) && path.split("/").every((part) => part !== "" && part !== "." && part !== "..");

const quote = (text: string): string => JSON.stringify(text.length > 120 ? `${text.slice(0, 117)}…` : text);

const storage = (
  { name, dtype, quantization }: z.infer<typeof weightSchema>,
  fail: (problem: string) => never,
): Pick<TfjsWeight, "kind" | "stored" | "quantisation"> => {
  const kind = dtype === "float32" || dtype === "float16" ? "float" : "integer";
  if (quantization === undefined) return { kind, stored: dtype, quantisation: null };
  const { dtype: stored, scale, min } = quantization;
  if (stored === "float16") return { kind, stored, quantisation: null };
  if (scale === undefined || min === undefined) {
    return fail(`weight ${quote(name)} is quantised to ${stored} without scale and min`);
  }
  return { kind, stored, quantisation: { scale, min } };
};

/** Parses model.json and checks it. Throws FormatError with the group and the weight. */
export const parseTfjsManifest = (json: Uint8Array, file: string): TfjsManifest => {
  const fail = (problem: string): never => {
    throw new FormatError(file, problem);
  };
  if (json.length > maxManifestBytes) fail(`${json.length} bytes are too many for a model.json (${maxManifestBytes})`);
  let parsedJson: unknown;
  try {
    parsedJson = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json));
  } catch {
    fail("is not valid JSON in UTF-8");
  }
  const parsed = manifestSchema.safeParse(parsedJson);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return fail(`is not a tfjs layers model: ${issue?.path.map(String).join(".")}: ${issue?.message}`);
  }
  const { modelTopology, weightsManifest, userDefinedMetadata } = parsed.data;
  const [names, paths] = [new Set<string>(), new Set<string>()];
  const groups = weightsManifest.map(({ paths: shards, weights }): TfjsGroup => {
    for (const path of shards) {
      if (!staysInside(path)) fail(`the shard ${quote(path)} lies outside the model's folder`);
      if (paths.has(path)) fail(`the shard ${quote(path)} is listed twice`);
      paths.add(path);
    }
    let next = 0;
    const placed = weights.map((weight): TfjsWeight => {
      const { name, shape } = weight;
      if (names.has(name)) fail(`the weight ${quote(name)} is listed twice`);
      names.add(name);
      const stored = storage(weight, fail);
      const begin = next;
      next += shape.includes(0) ? 0 : elementCount(shape) * tfjsBytes[stored.stored];
      if (!Number.isSafeInteger(next)) fail(`the weight ${quote(name)} ${formatShape(shape)} is larger than any file`);
      return { name, shape, ...stored, begin, end: next };
    });
    return { paths: shards, weights: placed, bytes: next };
  });
  return { topology: modelTopology, groups, metadata: userDefinedMetadata?.residual ?? {} };
};
