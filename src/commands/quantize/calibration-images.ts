// The images that activations are measured on: some of the training split, from its beginning to its end, prepared as in evaluation.
import { openEvaluationLoader } from "../../data/node/loader.ts";
import type { Preprocessing } from "../../data/preprocessing.ts";
import type { ImageSource } from "../../data/source.ts";
import type { CalibrationBatch } from "../../train/look-at-activations.ts";

/** So many indices of `of` images, evenly spaced: a folder lists class after class. All of them where there are fewer. */
export const calibrationImages = (of: number, wanted: number): readonly number[] => {
  const count = Math.min(of, wanted);
  return Array.from({ length: count }, (_, i) => Math.floor((i * of) / count));
};

/** Every activation of a batch is kept at once: 45 MB for an image of 224×224 in a ResNet-50. */
const batch = 4;

/** Batches of a source, each image once. Broken images are left out. */
export async function* calibrationBatches(
  source: ImageSource,
  preprocessing: Preprocessing,
  onProgress: (images: number) => void,
): AsyncGenerator<CalibrationBatch> {
  const loader = openEvaluationLoader({ source, preprocessing, batch: Math.min(batch, source.labels.length) });
  try {
    let done = 0;
    for (let each = await loader.next(); each !== null; each = await loader.next()) {
      yield each;
      each.release();
      done += each.count + each.broken.length;
      onProgress(done);
    }
  } finally {
    await loader.dispose();
  }
}
