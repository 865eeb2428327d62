// A data worker's whole program: for each message it fills one slot of the ring with a batch, in memory shared with the
// loader, and answers with the number of the message. It holds no state of its own: any worker can prepare any batch.
import { parentPort, workerData } from "node:worker_threads";
import { FormatError, UsageError } from "../../base/errors.ts";
import { createPrepare } from "../prepare.ts";
import { lowerPriority } from "./low-priority.ts";
import { openReader } from "./readers.ts";
import type { WorkerAnswer, WorkerOrder, WorkerSetup } from "./threads.ts";

const { source, preparation, slots }: WorkerSetup = workerData;
const prepare = createPrepare(openReader(source), preparation);
// What lies in memory is cheap to prepare; pictures have to be decoded.
const lowered = source.kind === "memory" ? Promise.resolve(0) : lowerPriority();

parentPort?.on("message", async ({ id, slot, epoch, indices }: WorkerOrder) => {
  const answer = (what: WorkerAnswer): void => parentPort?.postMessage(what);
  try {
    await lowered;
    answer({ id, prepared: await prepare(indices, epoch, slots[slot]!) });
  } catch (error) {
    const isInput = error instanceof UsageError || error instanceof FormatError;
    answer({ id, problem: { isInput, message: error instanceof Error ? error.message : String(error) } });
  }
});
