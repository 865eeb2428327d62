// bad-batches/ of a run directory: each batch whose loss was not finite or a spike, as the network was fed it, for a person to look at:
// step-000123-batch-0.png, and .json with images, labels and losses.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomically } from "../../checkpoint/node/atomic-file.ts";
import { openReader } from "../../data/node/readers.ts";
import type { ImageSource } from "../../data/source.ts";
import { crossEntropies } from "../../evaluate/cross-entropy.ts";
import type { BadBatch } from "../../train/update-batches.ts";
import type { CommandEnvironment } from "../environment.ts";
import { drawPng } from "../report/png.ts";
import { runFileError } from "../run-directory/run-file-error.ts";
import { batchPicture } from "./batch-picture.ts";
import type { Preparation } from "./preparation.ts";

const folderName = "bad-batches";
/** Of a training that goes wrong again and again the first say enough; the others are counted in metrics.jsonl. */
const mostSaved = 20;

/** The image's file, or its number where the source has no files. */
const namesOf = (source: ImageSource): ((image: number) => string) => {
  const reader = openReader(source);
  return reader.kind === "pictures" ? reader.nameOf : (image) => `image ${image}`;
};

const finiteOrText = (value: number): number | string => (Number.isFinite(value) ? value : String(value));

/** What a person needs to look into it; a loss that isn't finite is the text "NaN" or "Infinity". */
const documentOf = (bad: BadBatch, { data }: Pick<Preparation, "data">) => {
  const nameOf = namesOf(data.train);
  // Of the label that most of an image is of, whatever the recipe's loss is.
  const losses = crossEntropies(bad.logits, bad.labels.data);
  const { step, epoch, index, reason, loss, threshold } = bad;
  return {
    formatVersion: 1,
    step,
    epoch,
    batchOfStep: index,
    reason,
    loss: finiteOrText(loss),
    threshold,
    images: [...bad.indices].map((image, n) => ({
      image,
      name: nameOf(image),
      label: data.classes[bad.labels.data[n]!] ?? bad.labels.data[n]!,
      mixedWith: bad.share.data[n]! < 1 ? (data.classes[bad.partners.data[n]!] ?? bad.partners.data[n]!) : null,
      ownShare: bad.share.data[n]!,
      crossEntropy: finiteOrText(losses[n]!),
    })),
  };
};

/** For a training's `onBadBatch`; tells where each batch was saved. Throws FileError. */
export const savingBadBatches = (
  directory: string,
  preparation: Pick<Preparation, "data" | "preprocessing">,
  onEvent: CommandEnvironment["onEvent"],
): ((batch: BadBatch) => Promise<void>) => {
  let saved = 0;
  return async (bad) => {
    if (saved === mostSaved) return;
    saved++;
    const folder = join(directory, folderName);
    const stem = join(folder, `step-${String(bad.step).padStart(6, "0")}-batch-${bad.index}`);
    const what = bad.reason === "spike" ? "spiked" : "is not finite";
    const title = `Step ${bad.step}: the batch whose loss ${what} (${bad.loss.toPrecision(4)})`;
    const { text } = await batchPicture(title, bad, preparation);
    const document = new TextEncoder().encode(`${JSON.stringify(documentOf(bad, preparation), null, 2)}\n`);
    const picture = await drawPng(text);
    try {
      await mkdir(folder, { recursive: true });
      await writeFileAtomically(`${stem}.json`, [document]);
      await writeFileAtomically(`${stem}.png`, [picture]);
    } catch (error) {
      throw runFileError(error, stem, `save the bad batch ${stem}`, "the last checkpoint is still valid");
    }
    const last = saved === mostSaved ? "; of further ones only the numbers are kept, in metrics.jsonl" : "";
    onEvent({ event: "warning", message: `the loss of a batch ${what} at step ${bad.step}: see ${stem}.png${last}` });
  };
};
