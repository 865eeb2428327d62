// The cache of measured choices: what was measured on this machine seeds new runs, so that they begin at once, and alike. Nothing
// depends on it: a run keeps its own choices in its directory. A file that isn't ours is passed over with one sentence.
import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { writeTextAtomically } from "../checkpoint/node/atomic-file.ts";
import type { Choices } from "../engine/contract.ts";

/** So many choices are kept, of all machines and libraries together; the oldest go first. A choice takes some 250 bytes. */
export const mostChoices = 5000;

const formatVersion = 1;

/** The choices of a cache file, by processor and then by what the engine keeps a choice by; null where it is something else. */
const choicesIn = (text: string): Choices | null => {
  try {
    const content: unknown = JSON.parse(text);
    if (typeof content !== "object" || content === null) return null;
    if (!("formatVersion" in content && content.formatVersion === formatVersion && "choices" in content)) return null;
    const { choices } = content;
    if (typeof choices !== "object" || choices === null || Array.isArray(choices)) return null;
    const entries = Object.entries<unknown>({ ...choices });
    const words = entries.flatMap(([key, choice]) => (typeof choice === "string" ? [[key, choice] as const] : []));
    return words.length === entries.length ? Object.fromEntries(words) : null;
  } catch {
    return null;
  }
};

const prefixOf = (processor: string): string => `${processor} | `;

export const choiceCacheFile = (cacheFolder: string): string => join(cacheFolder, "convolution-choices.json");

/** The processor's name with family, model and stepping, which tell apart what the name alone doesn't. */
export const processorOf = (cpuinfo: string | null, name: string): string => {
  const field = (label: string): string | null =>
    new RegExp(`^${label}\\s*:\\s*(\\S+)$`, "m").exec(cpuinfo ?? "")?.[1] ?? null;
  const told = ["cpu family", "model", "stepping"].flatMap((label) => {
    const value = field(label);
    return value === null ? [] : [`${label} ${value}`];
  });
  return [name, ...told].join(" ");
};

const readAll = (file: string, onNotice: (message: string) => void): Choices => {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return {}; // there is none yet, or it can't be read: then nothing is known
  }
  const choices = choicesIn(text);
  if (choices !== null) return choices;
  onNotice(`${file} is not a cache of measured choices, and is passed over; the next measurement replaces it`);
  return {};
};

/** What was measured on this processor. */
export const readChoiceCache = (file: string, processor: string, onNotice: (message: string) => void): Choices => {
  const prefix = prefixOf(processor);
  const own = Object.entries(readAll(file, onNotice)).filter(([key]) => key.startsWith(prefix));
  return Object.fromEntries(own.map(([key, choice]) => [key.slice(prefix.length), choice]));
};

/** Adds what was measured to what is in the file by now, whole or not at all; a cache that can't be written is no error. */
export const addToChoiceCache = async (file: string, processor: string, measured: Choices): Promise<void> => {
  const prefix = prefixOf(processor);
  const all = new Map(Object.entries(readAll(file, () => {})));
  for (const [key, choice] of Object.entries(measured)) {
    all.delete(prefix + key); // to the end: it is the newest now
    all.set(prefix + key, choice);
  }
  const choices = Object.fromEntries([...all].slice(-mostChoices));
  await mkdir(dirname(file), { recursive: true }).catch(() => {});
  await writeTextAtomically(file, `${JSON.stringify({ formatVersion, choices }, null, 1)}\n`).catch(() => {});
};
