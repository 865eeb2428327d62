// Which of the things in a checkpoint is the state dict: a dict of tensors by name, at the top or under one of the usual names.
import { describeValue, isKind, type PickleValue, quote, type TensorReference } from "./pickle-values.ts";

export interface StateDict {
  readonly tensors: ReadonlyMap<string, TensorReference>;
  /** Where it was, outermost first: `["state_dict"]`; empty for the file's outermost dict. */
  readonly path: readonly string[];
  /** What lay beside it on the way, and what in it is no tensor, by name. */
  readonly leftOut: readonly string[];
}

/** Names that training scripts keep the state dict under; the first that is there counts. */
export const holders = [
  "state_dict",
  "model_state_dict",
  "model_state",
  "model",
  "net",
  "network",
  "weights",
  "params",
  "state_dict_ema",
  "model_ema",
  "ema_state_dict",
  "ema",
] as const;

/** Holders within holders, such as {"model": {"state_dict": …}}. */
const maxDepth = 4;
const namedAtMost = 8;

/** Finds the state dict in what a pickle held, or says in a sentence why there is none. */
export const findStateDict = (value: PickleValue): StateDict | string => {
  const path: string[] = [];
  const leftOut: string[] = [];
  let dict = value;
  for (let depth = 0; depth < maxDepth && isKind(dict, "dict"); depth++) {
    const { entries } = dict;
    const holder = holders.find((name) => holdsTensors(entries.get(name), depth + 1));
    if (holder === undefined) break;
    leftOut.push(...[...entries.keys()].filter((key) => key !== holder).map((key) => keyText(key)));
    path.push(holder);
    dict = entries.get(holder) ?? null;
  }
  if (!isKind(dict, "dict")) return `it holds ${describeValue(dict)}, not a dict of tensors`;
  const tensors = new Map<string, TensorReference>();
  for (const [key, entry] of dict.entries) {
    if (typeof key === "string" && isKind(entry, "tensor")) tensors.set(key, entry);
    else leftOut.push(keyText(key));
  }
  if (tensors.size > 0) return { tensors, path, leftOut };
  const names = leftOut.slice(0, namedAtMost).map(quote).join(", ");
  const more = leftOut.length > namedAtMost ? ` and ${leftOut.length - namedAtMost} more` : "";
  return `its dict holds no tensors, under none of the usual names (${holders.join(", ")}): it has ${names === "" ? "no entries" : names}${more}`;
};

const keyText = (key: PickleValue): string => (typeof key === "string" ? key : describeValue(key));

const holdsTensors = (value: PickleValue | undefined, depth: number): boolean => {
  if (!isKind(value, "dict") || depth >= maxDepth) return false;
  for (const entry of value.entries.values()) if (isKind(entry, "tensor")) return true;
  return holders.some((name) => holdsTensors(value.entries.get(name), depth + 1));
};
