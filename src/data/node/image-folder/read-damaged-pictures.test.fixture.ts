// For tests: opens a folder of damaged pictures and decodes what is left, as training does; tells what became of each.
import { photographPreprocessing } from "../../photographs.ts";
import type { BrokenImage } from "../../prepare.ts";
import { openEvaluationLoader } from "../loader.ts";
import { openImageFolder } from "./open-image-folder.ts";

export interface Fates {
  readonly used: readonly string[];
  readonly leftOut: readonly { readonly file: string; readonly problem: string }[];
  /** Broken when they were decoded; `problem` begins with the file. */
  readonly broken: readonly string[];
}

/** Throws where a batch holds what is no number. */
export const readDamagedPictures = async (folder: string): Promise<Fates> => {
  const data = await openImageFolder(folder);
  if (data?.train.kind !== "files" || data.test.kind !== "files") throw new Error("the folder isn't recognised");
  const preprocessing = photographPreprocessing([3, 16, 16]);
  const used: string[] = [];
  const broken: string[] = [];
  for (const source of [data.train, data.test]) {
    if (source.kind !== "files") throw new Error("files were expected");
    const onBroken = ({ problem }: BrokenImage) => broken.push(problem);
    const loader = openEvaluationLoader({ source, preprocessing, batch: 32, workers: 1, onBroken });
    for (let batch = await loader.next(); batch !== null; batch = await loader.next()) {
      if (!batch.images.data.every(Number.isFinite)) throw new Error("a batch isn't finite");
      for (const image of batch.indices) used.push(source.paths[image] ?? "");
      batch.release();
    }
    await loader.dispose();
  }
  return { used, leftOut: data.leftOut ?? [], broken };
};
