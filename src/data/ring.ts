// A ring of slots between those who prepare batches and the one who takes them. Batch k lies in slot k mod slots; it is begun
// as soon as batch k − slots is released, and handed out in order, whoever finishes first. Pure: it doesn't know what a thread is.
import type { Batch, Slot } from "./batch.ts";
import { type Gate, openGate, shutGate } from "./gate.ts";
import type { Prepared } from "./prepare.ts";

/** The images of one batch. */
export interface Job {
  readonly epoch: number;
  readonly step: number;
  readonly indices: Int32Array;
}

/** Fills slot `slot` with a job's images, and says which they are. */
export interface Preparer {
  prepare(job: Job, slot: number): Promise<Prepared>;
  /** Ends its threads. */
  dispose(): Promise<void>;
}

export interface RingOptions {
  readonly slots: readonly Slot[];
  readonly preparer: Preparer;
  /** Job k = 0, 1, …; asked for in order, each once. */
  readonly jobAt: (k: number) => Job;
  /** Number of jobs; Infinity in training. */
  readonly jobs: number;
  /** Begin batches before they are asked for: when others prepare them. */
  readonly ahead: boolean;
  /** Is opened while a `next` waits for a batch that isn't ready, and shut otherwise; null for none. */
  readonly gate: Gate | null;
  readonly signal: AbortSignal | undefined;
}

/** Batches in order. After an error dispose it; a ring that isn't disposed keeps its threads alive. */
export interface Ring {
  /** The next batch, or null after the last. Rejects when preparing it failed, after an abort, and after dispose. */
  next(): Promise<Batch | null>;
  /** Ends the threads. Batches that are out stay readable. */
  dispose(): Promise<void>;
}

interface Pending {
  readonly promise: Promise<Batch>;
  isReady: boolean;
  resolve(batch: Batch): void;
  reject(reason: unknown): void;
}

const createPending = (): Pending => {
  let resolve: Pending["resolve"] = () => {};
  let reject: Pending["reject"] = () => {};
  const promise = new Promise<Batch>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  promise.catch(() => {}); // a batch that failed but is never asked for is nobody's error
  return { promise, isReady: false, resolve, reject };
};

export const openRing = ({ slots, preparer, jobAt, jobs, ahead, gate, signal }: RingOptions): Ring => {
  const pending = new Map<number, Pending>(); // begun or asked for, and not yet both
  const isFree = slots.map(() => true);
  let begun = 0;
  let asked = 0;
  let waiting = 0;
  let ended: { readonly reason: unknown } | null = null;

  const pendingAt = (k: number): Pending => {
    const existing = pending.get(k);
    if (existing !== undefined) return existing;
    const created = createPending();
    pending.set(k, created);
    return created;
  };

  const begin = async (k: number, job: Job): Promise<void> => {
    const outcome = pendingAt(k);
    const index = k % slots.length;
    isFree[index] = false;
    let isOut = true;
    const release = (): void => {
      if (!isOut) return;
      isOut = false;
      isFree[index] = true;
      beginWhatCan();
    };
    try {
      const { indices, broken } = await preparer.prepare(job, index);
      const { images, labels } = slots[index]!;
      outcome.isReady = true;
      outcome.resolve({ images, labels, ...job, indices, count: indices.length, broken, release });
    } catch (error) {
      outcome.reject(error);
      release();
    }
  };

  const beginWhatCan = (): void => {
    while (ended === null && begun < jobs && isFree[begun % slots.length] && (ahead || begun < asked)) {
      const k = begun++;
      void begin(k, jobAt(k));
    }
  };

  const end = (reason: unknown): void => {
    if (ended !== null) return;
    ended = { reason };
    signal?.removeEventListener("abort", onAbort);
    for (const { reject } of pending.values()) reject(reason);
    pending.clear();
  };
  const onAbort = (): void => end(signal?.reason);
  if (signal?.aborted) onAbort();
  else signal?.addEventListener("abort", onAbort);
  beginWhatCan();

  return {
    next: async () => {
      if (ended !== null) throw ended.reason;
      if (asked >= jobs) return null;
      const k = asked++;
      const { promise, isReady } = pendingAt(k);
      beginWhatCan();
      waiting++;
      if (gate !== null && !isReady) openGate(gate);
      try {
        return await promise;
      } finally {
        pending.delete(k);
        waiting--;
        if (gate !== null && waiting === 0) shutGate(gate);
      }
    },
    dispose: async () => {
      end(new Error("the loader was disposed"));
      await preparer.dispose();
    },
  };
};
