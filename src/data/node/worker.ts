// A data worker's whole program: for each message it fills one slot of the ring with a batch, in memory shared with the
// loader, and answers with the number of the message. It holds no state of its own: any worker can prepare any batch.
import { parentPort, workerData } from "node:worker_threads";
import { FormatError, UsageError } from "../../base/errors.ts";
import { FileError } from "../../base/file-error.ts";
import { createPrepare } from "../prepare.ts";
import type { ImageReader } from "../reader.ts";
import { createWorkerBudget } from "./decoding-memory.ts";
import { lowerPriority } from "./low-priority.ts";
import { openReader } from "./readers.ts";
import type { WorkerAnswer, WorkerOrder, WorkerStart } from "./threads.ts";

const { source, preparation, slots, progress }: WorkerStart = workerData;
const reader = openReader(source);
const decoding = createWorkerBudget();
/** Images that are not to be touched any more, and why. */
const condemned = new Map<number, string>();

/** The reader, which leaves word of each image that it begins: in `progress` of the slot, and as one more beat. */
const watched = (slot: number): ImageReader => {
  const begin = (image: number): void => {
    Atomics.store(progress, slot, image + 1);
    Atomics.add(progress, progress.length - 1, 1);
  };
  if (reader.kind === "pixels") {
    return {
      ...reader,
      pixels: (image) => {
        begin(image);
        return reader.pixels(image);
      },
    };
  }
  return {
    ...reader,
    picture: async (image) => {
      const reason = condemned.get(image);
      if (reason !== undefined) throw new FormatError(reader.nameOf(image), reason);
      begin(image);
      const stored = await reader.picture(image);
      const pixels = stored.width * stored.height;
      return { ...stored, decode: (...how) => decoding.take(pixels, () => stored.decode(...how)) };
    },
  };
};
const prepares = slots.map((_, slot) => createPrepare(watched(slot), preparation));
// What lies in memory is cheap to prepare; pictures have to be decoded.
const lowered = source.kind === "memory" ? Promise.resolve(0) : lowerPriority();

parentPort?.on("message", async ({ id, slot, epoch, indices, condemned: told }: WorkerOrder) => {
  const answer = (what: WorkerAnswer): void => parentPort?.postMessage(what);
  for (const [image, reason] of told) condemned.set(image, reason);
  try {
    await lowered;
    answer({ id, prepared: await prepares[slot]!(indices, epoch, slots[slot]!) });
  } catch (error) {
    const isInput = error instanceof UsageError || error instanceof FormatError;
    const message = error instanceof Error ? error.message : String(error);
    const disk = error instanceof FileError ? { path: error.path, code: error.code } : null;
    answer({ id, problem: { isInput, message, disk } });
  }
  Atomics.store(progress, slot, 0);
});
