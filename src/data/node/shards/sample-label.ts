// The label of a sample of a WebDataset shard, from the member beside its image: .cls, .json or .txt.
import { z } from "zod";

/** Members that can hold a label, the most telling first. */
export const labelExtensions = ["cls", "json", "txt"] as const;
export type LabelExtension = (typeof labelExtensions)[number];

/** A number, or the name of a class. */
export type StoredLabel = number | string;

/** Names of classes are short; what is longer is a caption. */
const longestName = 200;

const largestLabel = 2 ** 31 - 1;

const fromText = (text: string): StoredLabel | null => {
  const trimmed = text.trim();
  if (trimmed === "" || trimmed.includes("\n") || trimmed.length > longestName) return null;
  if (!/^-?\d+$/.test(trimmed)) return trimmed;
  const label = Number(trimmed);
  return label >= 0 && label <= largestLabel ? label : null;
};

const label = z.union([z.int().min(0).max(largestLabel), z.string().trim().min(1).max(longestName)]);
/** Keys under which writers of shards put the label, as they come up: timm's have `label` and `class_name`. */
const labelled = z.object({
  label: label.optional().catch(undefined),
  cls: label.optional().catch(undefined),
  class_id: label.optional().catch(undefined),
  class_name: label.optional().catch(undefined),
});

const fromJson = (text: string): StoredLabel | null => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const bare = label.safeParse(value);
  if (bare.success) return bare.data;
  const found = labelled.safeParse(value);
  if (!found.success) return null;
  const { label: first, cls, class_id, class_name } = found.data;
  return first ?? cls ?? class_id ?? class_name ?? null;
};

const readers: { readonly [E in LabelExtension]: (text: string) => StoredLabel | null } = {
  cls: fromText,
  json: fromJson,
  txt: fromText,
};

/** The label in a member of this kind; null where there is none in it. */
export const readLabel = (extension: LabelExtension, text: string): StoredLabel | null => readers[extension](text);
