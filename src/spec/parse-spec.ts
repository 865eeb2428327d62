// Specs from outside (files, HTTP, the command line): the form is checked by spec-schema.ts, the meaning by validate-spec.ts.
import type { z } from "zod";
import { UsageError } from "../base/errors.ts";
import { nearest } from "../base/nearest.ts";
import type { ResNetSpec } from "./spec.ts";
import { fieldNames, specSchema } from "./spec-schema.ts";
import { validateSpec } from "./validate-spec.ts";

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
 * Required are name, input, classes, stem, stages, block and shortcut. Defaults: a stem of one activated convolution, activation
 * "post", expansion 1 (bottlenecks: 4), shortcutDownsampling "stride", zeroPadding "after", modulation null, strideAt "first"
 * ("middle", v1.5, for bottlenecks), padding "fixed", no convolutionBias, groups 1, widthPerGroup 64, no dropouts, a head with bias, batch norm
 * with epsilon 1e-5, momentum 0.1 and the unbiased variance, initialisation "he-fan-out", zeroLastGamma false.
 *
 * Throws UsageError, about the first wrong field, when the document has another form or doesn't mean a network.
 */
export const parseSpec = (json: unknown, where: string): ResNetSpec => {
  const parsed = specSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new UsageError(`${where}: ${issue === undefined ? "not a spec" : problemOf(json, issue)}`);
  }
  const bottleneck = parsed.data.block === "bottleneck";
  const { strideAt = bottleneck ? "middle" : "first", expansion = bottleneck ? 4 : 1, ...rest } = parsed.data;
  return validateSpec({ ...rest, strideAt, expansion }, where);
};
