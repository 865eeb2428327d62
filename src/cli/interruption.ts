// Ctrl-C and SIGTERM: the first asks the work to stop in an orderly way, the second ends the process at once.

/** Why work stopped: somebody asked for it. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

export interface Interruption {
  readonly signal: AbortSignal;
  /** Leaves signals to Node again. */
  stop(): void;
}

/** `told` is called at the first signal; `atOnce` at the second, and is to end the process. */
export const listenForSignals = (
  process: Pick<NodeJS.Process, "on" | "off">,
  told: (name: string) => void,
  atOnce: () => void,
): Interruption => {
  const controller = new AbortController();
  const listener = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) {
      atOnce();
      return;
    }
    told(name);
    controller.abort(new Interrupted(`interrupted by ${name}`));
  };
  const names = ["SIGINT", "SIGTERM"] as const;
  for (const name of names) process.on(name, listener);
  return {
    signal: controller.signal,
    stop: () => {
      for (const name of names) process.off(name, listener);
    },
  };
};
