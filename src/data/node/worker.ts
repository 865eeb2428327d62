// A data worker's whole program: for each message it fills one slot of the ring with a batch, in memory shared with the
// loader, and answers with the number of the message. It holds no state of its own: any worker can prepare any batch.
import { parentPort, workerData } from "node:worker_threads";
import { FormatError, UsageError } from "../../base/errors.ts";
import { FileError } from "../../base/file-error.ts";
import { isOpen, passGate } from "../gate.ts";
import { createPrepare } from "../prepare.ts";
import type { ImageReader } from "../reader.ts";
import type { Picture } from "../resample.ts";
import { createWorkerBudget, mostBytesAhead } from "./decoding-memory.ts";
import { lowerPriority } from "./low-priority.ts";
import { createReadAhead } from "./read-ahead.ts";
import { openReader } from "./readers.ts";
import type { WorkerAnswer, WorkerOrder, WorkerStart } from "./threads.ts";

const { source, preparation, slots, gate, ordersAtOnce, progress }: WorkerStart = workerData;
const [underWay, beats] = [progress.length - 2, progress.length - 1];
const reader = openReader(source);
const ahead = reader.kind === "pictures" ? createReadAhead(reader.bytes, mostBytesAhead) : null;
const decoding = createWorkerBudget();
/** Images that are not to be touched any more, and why. */
const condemned = new Map<number, string>();

/** Leaves word of an image that is begun. */
const begin = (slot: number, image: number): void => {
  Atomics.store(progress, slot, image + 1);
  Atomics.add(progress, beats, 1);
};

/** Waits until images may be worked on; meanwhile no image is at fault for what happens to the worker. */
const pass = async (slot: number, image: number): Promise<void> => {
  if (gate === null || isOpen(gate)) return;
  Atomics.store(progress, slot, 0);
  Atomics.sub(progress, underWay, 1);
  await passGate(gate);
  Atomics.add(progress, underWay, 1);
  begin(slot, image);
};

/** The reader, which leaves word of each image and waits at the gate before anything that takes a core for long. */
const watched = (slot: number): ImageReader => {
  if (reader.kind === "pixels") {
    return {
      ...reader,
      pixels: (image) => {
        begin(slot, image);
        return reader.pixels(image);
      },
    };
  }
  return {
    ...reader,
    picture: async (image) => {
      const reason = condemned.get(image);
      if (reason !== undefined) throw new FormatError(reader.nameOf(image), reason);
      begin(slot, image);
      const bytes = await ahead?.take(image);
      await pass(slot, image);
      const stored = await reader.picture(image, bytes);
      const decodeInTurn = async (decode: () => Promise<Picture>): Promise<Picture> => {
        const picture = await decoding.take(stored.width * stored.height, decode);
        await pass(slot, image);
        return picture;
      };
      return {
        ...stored,
        decode: (...how) => decodeInTurn(() => stored.decode(...how)),
        decodePart: (...how) => decodeInTurn(() => stored.decodePart(...how)),
      };
    },
  };
};
const prepares = slots.map((_, slot) => createPrepare(watched(slot), preparation));
// What lies in memory is cheap to prepare; pictures have to be decoded.
const lowered = source.kind === "memory" ? Promise.resolve(0) : lowerPriority();

const answer = (what: WorkerAnswer): void => parentPort?.postMessage(what);

const work = async ({ id, slot, epoch, indices }: WorkerOrder): Promise<void> => {
  await lowered;
  Atomics.add(progress, underWay, 1);
  try {
    answer({ id, prepared: await prepares[slot]!(indices, epoch, slots[slot]!) });
  } catch (error) {
    const isInput = error instanceof UsageError || error instanceof FormatError;
    const message = error instanceof Error ? error.message : String(error);
    const disk = error instanceof FileError ? { path: error.path, code: error.code } : null;
    answer({ id, problem: { isInput, message, disk } });
  }
  Atomics.sub(progress, underWay, 1);
  Atomics.store(progress, slot, 0);
};

const waiting: WorkerOrder[] = [];
let working = 0;
const workOn = async (): Promise<void> => {
  if (working === ordersAtOnce) return;
  working++;
  for (let order = waiting.shift(); order !== undefined; order = waiting.shift()) await work(order);
  working--;
};

parentPort?.on("message", (order: WorkerOrder) => {
  for (const [image, reason] of order.condemned) condemned.set(image, reason);
  ahead?.expect(order.indices.filter((image) => !condemned.has(image)));
  waiting.push(order);
  void workOn();
});
