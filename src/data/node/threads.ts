// Worker threads that prepare batches. Each order goes to the thread with the fewest orders open; only plain data and shared
// memory cross. A thread that ends, fails or stands still is replaced, and another prepares its batches: the same bytes, for a batch
// is a function of its images and its epoch. An image at which that happens twice counts as broken.
import { Worker } from "node:worker_threads";
import { UsageError } from "../../base/errors.ts";
import { FileError } from "../../base/file-error.ts";
import { type Gate, isOpen } from "../gate.ts";
import type { BatchArrays, Preparation, Prepared } from "../prepare.ts";
import type { Preparer } from "../ring.ts";
import type { ImageSource } from "../source.ts";
import { openReader } from "./readers.ts";

/** What batches are prepared from and into. */
export interface WorkerSetup {
  readonly source: ImageSource;
  readonly preparation: Preparation;
  readonly slots: readonly BatchArrays[];
  /** At which workers wait before they decode; null for none. */
  readonly gate: Gate | null;
  /** Orders that a worker works on at a time. */
  readonly ordersAtOnce: number;
}
/**
 * What a worker is started with. `progress`, shared: of each slot the image that is being prepared plus 1 (0: none, or it waits at the
 * gate); then how many orders are under way and don't wait at the gate; then beats.
 */
export interface WorkerStart extends WorkerSetup {
  readonly progress: Int32Array;
}
export interface WorkerOrder {
  readonly id: number;
  readonly slot: number;
  readonly epoch: number;
  readonly indices: Int32Array;
  /** Images that count as broken, and why. */
  readonly condemned: ReadonlyMap<number, string>;
}
/**
 * The slot is filled, or there is a problem. `isInput`: the person can mend it, so it becomes a UsageError; of a FileError `disk` says what
 * besides its message makes it one.
 */
export type WorkerAnswer = { readonly id: number } & (
  | { readonly prepared: Prepared }
  | {
      readonly problem: {
        readonly isInput: boolean;
        readonly message: string;
        readonly disk: Pick<FileError, "path" | "code"> | null;
      };
    }
);

/** A worker was lost and another took its place. */
export interface ReplacedWorker {
  /** From 1. */
  readonly worker: number;
  /** How many this loader has replaced so far. */
  readonly replaced: number;
  /** Who, what happened, at which image, and what becomes of it: one sentence. */
  readonly message: string;
}

export interface ThreadsOptions {
  /** The module that threads run: the data worker's, unless a test says otherwise. */
  readonly program?: URL;
  /** A worker that has an order and begins no image for so long stands still. Two minutes by default. */
  readonly stallMs?: number;
  /** Has `tick` called each quarter of that, and gives what ends it: by the clock, unless a test says otherwise. */
  readonly startTicking?: (tick: () => void) => () => void;
  readonly onReplaced?: (replaced: ReplacedWorker) => void;
}

interface OpenOrder {
  readonly order: Omit<WorkerOrder, "condemned">;
  readonly describe: string;
  resolve(prepared: Prepared): void;
  reject(error: Error): void;
}

interface Thread {
  readonly number: number;
  /** By id, oldest first. */
  readonly orders: Map<number, OpenOrder>;
  readonly sent: Set<number>;
  /** Null while one that stood still is being ended. */
  worker: Worker | null;
  progress: Int32Array;
  /** After a loss orders are sent one by one, so that the next loss is one image's. */
  isCareful: boolean;
  beats: number;
  stillTicks: number;
}

/** Losses of one image before it counts as broken, and losses in a row that neither finish a batch nor find such an image. */
const lossesOfImage = 2;
const mostFruitless = 3;
const defaultStallMs = 120_000;
const ticksOfStall = 4;
/** A thread inside a decoder's native code ends when that returns, which may be never. */
const mostEndingMs = 5000;

const byTheClock =
  (intervalMs: number) =>
  (tick: () => void): (() => void) => {
    const timer = setInterval(tick, intervalMs).unref();
    return () => clearInterval(timer);
  };

export const openThreads = (count: number, setup: WorkerSetup, options: ThreadsOptions = {}): Preparer => {
  const { program = new URL("./worker.js", import.meta.url), stallMs = defaultStallMs, onReplaced } = options;
  const { startTicking = byTheClock(stallMs / ticksOfStall) } = options;
  const losses = new Map<number, number>();
  const condemned = new Map<number, string>();
  let failure: Error | null = null;
  let disposed = false;
  let [lastId, replaced, fruitless] = [0, 0, 0];

  const nameOf = (image: number): string => {
    const reader = openReader(setup.source);
    return reader.kind === "pictures" ? reader.nameOf(image) : `image ${image}`;
  };
  const name = ({ number }: Thread): string => `data worker ${number} of ${count}`;

  const fail = (error: Error): void => {
    failure = error;
    for (const { orders } of threads) {
      for (const { reject } of orders.values()) reject(error);
      orders.clear();
    }
  };

  const send = ({ worker, orders, sent, isCareful }: Thread): void => {
    if (worker === null) return;
    for (const [id, { order }] of orders) {
      if (sent.has(id)) continue;
      if (isCareful && sent.size > 0) return;
      sent.add(id);
      worker.postMessage({ ...order, condemned } satisfies WorkerOrder);
    }
  };

  const receive = (thread: Thread, answer: WorkerAnswer): void => {
    const open = thread.orders.get(answer.id);
    if (open === undefined) return;
    thread.orders.delete(answer.id);
    thread.sent.delete(answer.id);
    if (thread.orders.size === 0) thread.isCareful = false;
    fruitless = 0;
    send(thread);
    if ("prepared" in answer) {
      open.resolve(answer.prepared);
      return;
    }
    const { isInput, message: problem, disk } = answer.problem;
    const message = `${name(thread)} failed at ${open.describe}: ${problem}`;
    if (disk !== null) open.reject(new FileError(disk.path, disk.code, message, undefined));
    else open.reject(isInput ? new UsageError(message) : new Error(message));
  };

  /** What the thread was at when it was lost. */
  const suspectsOf = ({ orders, sent, progress }: Thread): readonly number[] =>
    [...sent].map((id) => (progress[orders.get(id)?.order.slot ?? 0] ?? 0) - 1).filter((image) => image >= 0);

  /** The worker has ended, of itself or because it was made to: another takes its place and its orders. */
  const lose = (thread: Thread, what: string, cause?: unknown): void => {
    if (disposed || failure !== null) return;
    const suspects = setup.source.kind === "memory" ? [] : suspectsOf(thread);
    const [first] = [...thread.orders.values()];
    const at = first === undefined ? "" : ` at ${first.describe}`;
    let becomes = "another took its place";
    const [image] = suspects;
    if (suspects.length === 1 && image !== undefined) {
      losses.set(image, (losses.get(image) ?? 0) + 1);
      if (losses.get(image) === lossesOfImage) {
        condemned.set(image, `can't be decoded: twice the data worker that was at it ${what}`);
        fruitless = -1; // something was found
        becomes = `another took its place, and that image counts as broken`;
      }
    }
    if (++fruitless > mostFruitless) {
      const others = `so it went with the ${mostFruitless} before it`;
      fail(new Error(`${name(thread)} ${what} before its work was done; ${others}`, { cause }));
      return;
    }
    replaced++;
    const images = suspects.length === 0 ? "" : `, ${suspects.map(nameOf).join(" or ")}`;
    onReplaced?.({
      worker: thread.number,
      replaced,
      message: `${name(thread)} ${what}${at}${images}; ${becomes}`,
    });
    thread.isCareful = thread.orders.size > 0;
    thread.sent.clear();
    begin(thread);
  };

  const begin = (thread: Thread): void => {
    // A new one each time: a worker that does not end may still write into its own.
    thread.progress = new Int32Array(new SharedArrayBuffer(4 * (setup.slots.length + 2)));
    thread.beats = 0;
    thread.stillTicks = 0;
    const start: WorkerStart = { ...setup, progress: thread.progress };
    const worker = new Worker(program, { workerData: start, name: `data worker ${thread.number}` });
    thread.worker = worker;
    const whileCurrent = (work: () => void): void => {
      if (thread.worker === worker) work();
    };
    worker.on("message", (answer: WorkerAnswer) => whileCurrent(() => receive(thread, answer)));
    worker.on("error", (error) =>
      whileCurrent(() => lose(thread, `failed: ${error instanceof Error ? error.message : String(error)}`, error)),
    );
    worker.on("messageerror", (error) =>
      whileCurrent(() => void end(thread, `sent what can't be read: ${error.message}`)),
    );
    worker.on("exit", (code) => whileCurrent(() => lose(thread, `ended with exit code ${code}`)));
    send(thread);
  };

  /** Ends a worker that can't be worked with. */
  const end = async (thread: Thread, what: string): Promise<void> => {
    const { worker } = thread;
    thread.worker = null;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, mostEndingMs);
    });
    await Promise.race([worker?.terminate(), late]);
    clearTimeout(timer);
    lose(thread, what);
  };

  /** Whether all that the thread has to do waits at the gate, which is shut. */
  const isHeld = ({ progress }: Thread): boolean =>
    setup.gate !== null && !isOpen(setup.gate) && Atomics.load(progress, progress.length - 2) === 0;

  // Ticks are counted, not the clock's time: a machine that slept has workers that slept.
  const stopTicking = startTicking(() => {
    for (const thread of threads) {
      const beats = Atomics.load(thread.progress, thread.progress.length - 1);
      const isStill = thread.sent.size > 0 && beats === thread.beats && thread.worker !== null && !isHeld(thread);
      thread.beats = beats;
      thread.stillTicks = isStill ? thread.stillTicks + 1 : 0;
      if (thread.stillTicks >= ticksOfStall) void end(thread, `stood still for ${stallMs / 1000} s`);
    }
  });

  const threads = Array.from({ length: count }, (_, i): Thread => {
    const progress = new Int32Array(0);
    const thread = { number: i + 1, orders: new Map(), sent: new Set<number>(), worker: null, progress };
    return { ...thread, isCareful: false, beats: 0, stillTicks: 0 };
  });
  for (const thread of threads) begin(thread);

  return {
    prepare: ({ epoch, step, indices }, slot) =>
      new Promise<Prepared>((resolve, reject) => {
        if (failure !== null) return reject(failure);
        const thread = threads.reduce((a, b) => (b.orders.size < a.orders.size ? b : a));
        const id = ++lastId;
        const order = { id, slot, epoch, indices };
        thread.orders.set(id, { order, describe: `epoch ${epoch}, step ${step}`, resolve, reject });
        send(thread);
      }),
    dispose: async () => {
      disposed = true;
      stopTicking();
      await Promise.all(threads.map(({ worker }) => worker?.terminate()));
    },
  };
};
