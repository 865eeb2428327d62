// run.json: everything that says how a run was made, so that it can be told from others, repeated, and gone on with.
import { join } from "node:path";
import { z } from "zod";
import { formatVersion, readJsonFile, writeJsonFile } from "./json-file.ts";

const text = z.record(z.string(), z.string());

export const runRecordSchema = z.strictObject({
  formatVersion: z.literal(formatVersion),
  /** The command line, word by word. */
  command: z.array(z.string()),
  /** ISO 8601, UTC. */
  createdAt: z.iso.datetime(),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1),
  /** The network as the person named it; left out where the weights say it. The whole spec lies in the checkpoints. */
  model: z.string().optional(),
  /** Where the first weights came from, as an absolute path or a pulled name; left out where they were fresh ones by the seed. */
  weights: z.string().optional(),
  /** The recipe's fields; train/ knows their meaning. */
  recipe: z.record(z.string(), z.json()),
  engine: z.string(),
  dtype: z.string(),
  threads: z.int().positive(),
  /** The algorithm of convolutions; "direct" where it isn't said. */
  convolution: z.enum(["direct", "auto"]).optional(),
  /** Of residual, Node, and the engine's library: name to version. */
  versions: text,
  hardware: z.strictObject({ cpu: z.string(), cores: z.int().positive(), memoryBytes: z.int().positive() }),
  /** The data set's name, and the SHA-256 of each of its files. */
  data: z.strictObject({ name: z.string(), checksums: text }),
  /** What was chosen by measuring, used again on resume. */
  implementations: z.array(z.strictObject({ node: z.string(), implementation: z.string() })),
  /** What came out of it, once it has ended: test accuracy, seconds … */
  results: z.record(z.string(), z.json()).optional(),
});

export type RunRecord = z.infer<typeof runRecordSchema>;

/** Reads run.json of a run directory. Throws FormatError naming the field that is wrong, or the version. */
export const readRunRecord = (directory: string): Promise<RunRecord> =>
  readJsonFile(join(directory, "run.json"), runRecordSchema);

/** Replaces run.json of a run directory, whole or not at all. */
export const writeRunRecord = (directory: string, record: RunRecord): Promise<void> =>
  writeJsonFile(join(directory, "run.json"), record);
