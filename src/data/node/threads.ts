// Worker threads that prepare batches. Each order goes to the thread with the fewest orders open; only plain data and shared
// memory cross. A thread that fails or ends makes every open and later order reject with its name.
import { Worker } from "node:worker_threads";
import { UsageError } from "../../base/errors.ts";
import type { BatchArrays, Preparation, Prepared } from "../prepare.ts";
import type { Preparer } from "../ring.ts";
import type { ImageSource } from "../source.ts";

/** What a worker is started with. */
export interface WorkerSetup {
  readonly source: ImageSource;
  readonly preparation: Preparation;
  readonly slots: readonly BatchArrays[];
}
export interface WorkerOrder {
  readonly id: number;
  readonly slot: number;
  readonly epoch: number;
  readonly indices: Int32Array;
}
/** The slot is filled, or there is a problem. `isInput`: the person can mend it, so it becomes a UsageError. */
export type WorkerAnswer = { readonly id: number } & (
  | { readonly prepared: Prepared }
  | { readonly problem: { readonly isInput: boolean; readonly message: string } }
);

interface OpenOrder {
  readonly describe: string;
  resolve(prepared: Prepared): void;
  reject(error: Error): void;
}

interface Thread {
  readonly worker: Worker;
  readonly orders: Map<number, OpenOrder>;
}

/** Starts `count` threads that run the module at `program` (the data worker's, unless a test says otherwise). */
export const openThreads = (
  count: number,
  setup: WorkerSetup,
  program: URL = new URL("./worker.js", import.meta.url),
): Preparer => {
  let failure: Error | null = null;
  let disposed = false;
  let lastId = 0;

  const start = (number: number): Thread => {
    const name = `data worker ${number}`;
    const worker = new Worker(program, { workerData: setup, name });
    const orders = new Map<number, OpenOrder>();
    const fail = (what: string, cause?: unknown): void => {
      if (disposed || failure !== null) return;
      failure = new Error(`${name} of ${count} ${what}`, { cause });
      for (const thread of threads) {
        for (const { reject } of thread.orders.values()) reject(failure);
        thread.orders.clear();
      }
    };
    worker.on("message", (answer: WorkerAnswer) => {
      const order = orders.get(answer.id);
      orders.delete(answer.id);
      if (order === undefined) return;
      if ("prepared" in answer) {
        order.resolve(answer.prepared);
        return;
      }
      const { problem } = answer;
      const message = `${name} of ${count} failed at ${order.describe}: ${problem.message}`;
      order.reject(problem.isInput ? new UsageError(message) : new Error(message));
    });
    worker.on("error", (error) => fail(`failed: ${error instanceof Error ? error.message : String(error)}`, error));
    worker.on("messageerror", (error) => fail(`sent what can't be read: ${error.message}`, error));
    worker.on("exit", (code) => fail(`ended with exit code ${code} before its work was done`));
    return { worker, orders };
  };
  const threads: Thread[] = [];
  for (let number = 1; number <= count; number++) threads.push(start(number));

  return {
    prepare: ({ epoch, step, indices }, slot) =>
      new Promise<Prepared>((resolve, reject) => {
        if (failure !== null) return reject(failure);
        const { worker, orders } = threads.reduce((a, b) => (b.orders.size < a.orders.size ? b : a));
        const id = ++lastId;
        orders.set(id, { describe: `epoch ${epoch}, step ${step}`, resolve, reject });
        worker.postMessage({ id, slot, epoch, indices } satisfies WorkerOrder);
      }),
    dispose: async () => {
      disposed = true;
      await Promise.all(threads.map(({ worker }) => worker.terminate()));
    },
  };
};
