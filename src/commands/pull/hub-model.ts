// `hf:owner/repository`: weights from the Hugging Face hub, in timm's layout (config.json and model.safetensors). The commit is asked
// for first, so that both files are of one revision; the weights are checked against the SHA-256 that the hub keeps for large files.
import { rm } from "node:fs/promises";
import { z } from "zod";
import { FormatError, MissingError, UsageError } from "../../base/errors.ts";
import { readTensorsFile } from "../../checkpoint/node/tensors-file.ts";
import type { Interpolation, Preprocessing } from "../../data/preprocessing.ts";
import { toTorchvision } from "../../exchange/names/rename.ts";
import { matchTensors } from "../../model/match-tensors.ts";
import { namedSpec } from "../../spec/named-networks.ts";
import { downloadFile } from "./download-file.ts";
import { fetchJson } from "./fetch-json.ts";
import { fileDigest } from "./file-digest.ts";
import type { PullEnvironment } from "./pull-environment.ts";
import type { PulledModel } from "./pulled-model.ts";

const maxConfigBytes = 2 ** 20;
const maxWeightsBytes = 4 * 2 ** 30;

const configSchema = z.object({
  architecture: z.string(),
  num_classes: z.int().min(1).default(1000),
  label_names: z.array(z.string()).optional(),
  pretrained_cfg: z
    .object({
      input_size: z.tuple([z.int(), z.int(), z.int()]),
      mean: z.array(z.number()),
      std: z.array(z.number()),
      interpolation: z.string().default("bilinear"),
      crop_pct: z.number().gt(0).max(1).default(0.875),
    })
    .optional(),
});
type Config = z.infer<typeof configSchema>;

const interpolations: Readonly<Record<string, Interpolation>> = {
  bilinear: "bilinear",
  bicubic: "bicubic",
  lanczos: "lanczos",
};

/** timm's evaluation: the shorter side to ⌊size / crop_pct⌋, then the middle. */
const preprocessingOfConfig = (config: Config, file: string): Preprocessing | null => {
  if (config.pretrained_cfg === undefined) return null;
  const { input_size: inputSize, mean, std, interpolation, crop_pct: cropFraction } = config.pretrained_cfg;
  const [channels, height, width] = inputSize;
  const filter = Object.hasOwn(interpolations, interpolation) ? interpolations[interpolation] : undefined;
  if (filter === undefined) {
    throw new FormatError(
      file,
      `interpolates by ${JSON.stringify(interpolation)}; known are ${Object.keys(interpolations).join(", ")}`,
    );
  }
  const shorterSide = Math.floor(Math.min(height, width) / cropFraction);
  const fit = { kind: "crop", shorterSide, interpolation: filter } as const;
  return { size: [height, width], channels, mean, deviation: std, channelOrder: "RGB", fit };
};

/** What the hub says about a large file, before it is fetched; nulls where it doesn't. */
const askHub = async (
  address: string,
  { fetch, signal }: PullEnvironment,
): Promise<{ readonly commit: string | null; readonly sha256: string | null }> => {
  let response: Response;
  try {
    // The hub redirects to where large files lie; what it knows about them is in the headers of the redirection itself.
    response = await fetch(address, { method: "HEAD", redirect: "manual", signal: signal ?? null });
  } catch (error) {
    signal?.throwIfAborted();
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new MissingError(`${address} can't be reached: ${cause}`);
  }
  if (response.status >= 400) {
    const remedy = "the repository or its model.safetensors doesn't exist, or isn't public";
    throw new MissingError(`${address} answered ${response.status}: ${remedy}`);
  }
  const commit = response.headers.get("x-repo-commit");
  const digest = (response.headers.get("x-linked-etag") ?? "").replaceAll('"', "");
  return {
    commit: commit !== null && /^[0-9a-f]{40}$/.test(commit) ? commit : null,
    sha256: /^[0-9a-f]{64}$/.test(digest) ? digest : null,
  };
};

/** Fetches and converts `owner/repository`; `partial` is where the weights gather. */
export const pullFromHub = async (
  repository: string,
  partial: string,
  environment: PullEnvironment,
): Promise<PulledModel> => {
  const { fetch, hub, signal, onEvent } = environment;
  if (!/^[\w.-]+\/[\w.-]+$/.test(repository) || repository.split("/").some((part) => /^\.+$/.test(part))) {
    throw new UsageError(
      `"hf:${repository}" is no repository; write hf:owner/repository, such as hf:timm/resnet50.a1_in1k`,
    );
  }
  const at = (revision: string, file: string): string => `${hub}/${repository}/resolve/${revision}/${file}`;
  const { commit, sha256 } = await askHub(at("main", "model.safetensors"), environment);
  const revision = commit ?? "main";
  const configFile = at(revision, "config.json");
  const parsed = configSchema.safeParse(await fetchJson(configFile, maxConfigBytes, fetch, signal));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new FormatError(configFile, `isn't timm's: ${issue?.path.map(String).join(".")}: ${issue?.message}`);
  }
  const config = parsed.data;
  const preprocessing = preprocessingOfConfig(config, configFile);
  const input = config.pretrained_cfg?.input_size;
  const spec = namedSpec(config.architecture, { classes: config.num_classes, ...(input && { input }) });
  const address = at(revision, "model.safetensors");
  await downloadFile({ address, partial, maxBytes: maxWeightsBytes, fetch, signal, onEvent });
  if (sha256 === null)
    onEvent({ event: "notice", message: `${hub} names no SHA-256 for ${address}; only its form was checked` });
  else {
    const digest = await fileDigest(partial, "sha256", "hex");
    if (digest !== sha256) {
      await rm(partial, { force: true });
      throw new FormatError(address, `has the SHA-256 ${digest} but should have ${sha256}; it was removed: try again`);
    }
  }
  const { tensors } = toTorchvision((await readTensorsFile(partial)).tensors); // timm's resnetv2 has names of its own
  const matched = matchTensors(spec, tensors, address);
  await rm(partial, { force: true });
  const classes = config.label_names?.length === spec.classes ? config.label_names : null;
  if (classes === null) {
    onEvent({ event: "notice", message: `${repository} holds no class names: predictions will show numbers` });
  }
  return { spec, tensors: matched, classes, preprocessing };
};
