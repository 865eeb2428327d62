// The calling side of the driver's thread: sends requests, and settles each promise with its own answer.
import { Worker } from "node:worker_threads";
import {
  type Answer,
  type DriverOptions,
  type Measuring,
  type Message,
  type Ready,
  type RequestKind,
  type Requests,
  unpackError,
} from "./protocol.ts";

interface Pending<K extends RequestKind> {
  readonly resolve: (answer: Requests[K]["answer"]) => void;
  readonly reject: (error: Error) => void;
}
type PendingTable = { readonly [K in RequestKind]: Map<number, Pending<K>> };

export interface DriverPort {
  readonly ready: Ready;
  /** Requests are answered in the order in which they are made. */
  ask<K extends RequestKind>(
    request: Omit<Requests[K]["request"], "id"> & { readonly kind: K },
  ): Promise<Requests[K]["answer"]>;
  /** Ends the thread when it has answered everything; done at once where it has ended already. */
  close(): Promise<void>;
}

/** Starts the thread and opens the library in it. Throws MissingError when there is none that fits. */
export const openDriver = async (
  options: DriverOptions,
  onMeasuring: (progress: Measuring) => void = () => {},
): Promise<DriverPort> => {
  const worker = new Worker(new URL("./driver.js", import.meta.url), { workerData: options });
  const pending: PendingTable = {
    createState: new Map(),
    readState: new Map(),
    writeState: new Map(),
    disposeState: new Map(),
    compile: new Map(),
    run: new Map(),
    profile: new Map(),
    disposeProgram: new Map(),
  };
  let nextId = 1;
  let failure: Error | null = null;
  const ended = new Promise<void>((resolve) => worker.once("exit", () => resolve()));

  const settle = <K extends RequestKind>({ of, id, answer }: Answer<K>): void => {
    pending[of].get(id)?.resolve(answer);
    pending[of].delete(id);
  };
  const refuse = (id: number, error: Error): void => {
    for (const table of Object.values(pending)) {
      table.get(id)?.reject(error);
      table.delete(id);
    }
  };
  const refuseAll = (error: Error): void => {
    failure ??= error;
    for (const table of Object.values(pending)) {
      for (const { reject } of table.values()) reject(error);
      table.clear();
    }
  };

  const ready = await new Promise<Ready>((resolve, reject) => {
    worker.on("message", (message: Message) => {
      if (message.kind === "answer") settle(message);
      else if (message.kind === "ready") resolve(message);
      else if (message.kind === "measuring") onMeasuring(message);
      else if (message.id === null) reject(unpackError(message.error));
      else refuse(message.id, unpackError(message.error));
    });
    worker.on("error", (error: unknown) => {
      const reason = error instanceof Error ? error : new Error(String(error));
      refuseAll(reason);
      reject(reason);
    });
    worker.on("exit", (code) => {
      const reason = new Error(`the thread that drives oneDNN has ended (code ${code})`);
      refuseAll(reason);
      reject(reason);
    });
  }).catch(async (error: unknown) => {
    await worker.terminate();
    throw error;
  });

  const ask: DriverPort["ask"] = <K extends RequestKind>(
    request: Omit<Requests[K]["request"], "id"> & { readonly kind: K },
  ): Promise<Requests[K]["answer"]> => {
    if (failure !== null) return Promise.reject(failure);
    const id = nextId++;
    return new Promise((resolve, reject) => {
      pending[request.kind].set(id, { resolve, reject });
      worker.postMessage({ ...request, id });
    });
  };
  const close = async (): Promise<void> => {
    failure ??= new Error("this engine is disposed of: it can't be used any more");
    worker.postMessage(null); // the driver closes its port when it has come to this
    await ended;
  };
  return { ready, ask, close };
};
