/// <reference lib="es2024.sharedmemory" />
// A gate at which threads wait. It lies in shared memory, so shutting it holds at once, for threads in the middle of a batch too. The one
// who takes batches opens it while it waits for one, and shuts it while it computes: see LoaderOptions.takesTurns. Pure.

/** One number: 1 while it is open. */
export type Gate = Int32Array;

const [shut, open] = [0, 1] as const;

/** Shut at first. */
export const createGate = (): Gate => new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

export const isOpen = (gate: Gate): boolean => Atomics.load(gate, 0) === open;

export const openGate = (gate: Gate): void => {
  Atomics.store(gate, 0, open);
  Atomics.notify(gate, 0);
};

export const shutGate = (gate: Gate): void => {
  Atomics.store(gate, 0, shut);
};

/** Settles once the gate is open. Blocks no thread, and keeps none alive. */
export const passGate = async (gate: Gate): Promise<void> => {
  while (!isOpen(gate)) {
    const waiting = Atomics.waitAsync(gate, 0, shut);
    if (waiting.async) await waiting.value;
  }
};
