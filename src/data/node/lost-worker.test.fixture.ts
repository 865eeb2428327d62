// A data worker that is lost on purpose: the real one, but where it begins a certain image it ends or stands still, as often as its
// start says. Shared memory counts how often, for each new worker to know.
import { workerData } from "node:worker_threads";

export interface Misfortune {
  readonly image: number;
  readonly kind: "end" | "stand still" | "throw";
  /** [2]: how often it will happen yet, and the slot of the batch where it happened last plus 1 (0: it hasn't). */
  readonly left: Int32Array;
}

const { misfortune }: { readonly misfortune: Misfortune } = workerData.preparation;
const happen = (): void => {
  if (misfortune.kind === "end") process.exit(9);
  if (misfortune.kind === "stand still") for (;;);
  setImmediate(() => {
    throw new Error("no memory");
  });
};
const store = Atomics.store.bind(Atomics);
const value = (array: Int32Array, index: number, stored: number): number => {
  store(array, index, stored);
  const isBegun = index < array.length - 1 && stored === misfortune.image + 1;
  if (isBegun && Atomics.sub(misfortune.left, 0, 1) > 0) {
    store(misfortune.left, 1, index + 1);
    happen();
  }
  return stored;
};
Object.defineProperty(Atomics, "store", { value });

await import("./worker.js");
