// choices.json of a run directory: which code computes each convolution, as measured while the run began. A resumed run makes the same
// choices, and so the same bits. Runs whose choices are by rule have no such file.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Choices } from "../../engine/contract.ts";
import { formatVersion, readJsonFile, writeJsonFile } from "./json-file.ts";

const schema = z.strictObject({
  formatVersion: z.literal(formatVersion),
  choices: z.record(z.string(), z.string()),
});

const fileOf = (directory: string): string => join(directory, "choices.json");

/** Null where the run's choices are by rule. Throws FormatError naming the field that is wrong. */
export const readChoices = async (directory: string): Promise<Choices | null> => {
  const file = fileOf(directory);
  if ((await stat(file).catch(() => null)) === null) return null;
  return (await readJsonFile(file, schema)).choices;
};

/** Replaces choices.json of a run directory, whole or not at all. */
export const writeChoices = (directory: string, choices: Choices): Promise<void> =>
  writeJsonFile(fileOf(directory), { formatVersion, choices } satisfies z.infer<typeof schema>);
