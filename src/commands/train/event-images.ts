// Pictures for TensorBoard: the first batch of a run as augmented, and the surest mistakes at its end.
import type { TrainingLoader } from "../../data/node/loader.ts";
import { drawPng } from "../report/png.ts";
import type { RunDirectory } from "../run-directory/run-directory.ts";
import type { EventImage } from "../run-directory/summary-events.ts";
import { batchPicture } from "./batch-picture.ts";
import type { Preparation } from "./preparation.ts";

/** The sizes stand in a PNG's first chunk: bytes 16 … 23, big-endian. */
export const eventImage = (png: Uint8Array): EventImage => {
  const view = new DataView(png.buffer, png.byteOffset, png.length);
  return { width: view.getUint32(16), height: view.getUint32(20), png };
};

/** The first loader of a new run, whose first batch is drawn before it is handed out; others, also a resumed run's, as they are. */
export const showingFirstBatch = (directory: RunDirectory, preparation: Preparation) => {
  let isShown = directory.resumed !== null;
  return (loader: TrainingLoader): TrainingLoader => {
    if (isShown) return loader;
    return {
      ...loader,
      next: async () => {
        const batch = await loader.next();
        if (isShown) return batch;
        isShown = true;
        const { text } = await batchPicture("The first batch, as augmented", batch, preparation);
        directory.appendImage(0, "train/first batch", eventImage(await drawPng(text)));
        return batch;
      },
    };
  };
};
