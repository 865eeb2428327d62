// What is known of which code computes a convolution fastest: choices handed in (a run's own, or a cache's), those used so far, and
// those measured here. Lives as long as the engine, with the thread that drives the library.
import type { Choices } from "../contract.ts";
import type { Dnnl } from "./dnnl.ts";
import { MeasuringScratch } from "./measuring-scratch.ts";
import type { TakenChoices } from "./protocol.ts";

export interface MeasuringOptions {
  readonly threads: number;
  /** Milliseconds. */
  readonly now: () => number;
  /** All measuring of an engine together; beyond it choices are by rule. */
  readonly budgetMs: number;
  /** Called after each layer that was measured. */
  readonly onMeasured?: (layers: number, milliseconds: number) => void;
}

/** What the lowering of convolutions asks. */
export interface Choosing {
  /** What speed depends on beside the layer and the processor: part of every key. */
  readonly setting: string;
  readonly scratch: Pick<MeasuringScratch, "time" | "timeReorder">;
  known(key: string): string | null;
  /** That a choice is made use of, known before or made by rule. */
  use(key: string, choice: string): void;
  /** The choice that `measure` finds, or null where no time for measuring is left. */
  measure(key: string, measure: () => string): string | null;
}

export class ConvolutionChoices implements Choosing {
  readonly scratch: MeasuringScratch;
  readonly setting: string;
  readonly #options: MeasuringOptions;
  readonly #known: Map<string, string>;
  #used = new Map<string, string>();
  #measured = new Map<string, string>();
  #milliseconds = 0;
  /** Since the engine was opened. */
  #layers = 0;
  #allMilliseconds = 0;

  constructor(dnnl: Dnnl, known: Choices, options: MeasuringOptions) {
    this.setting = `oneDNN ${dnnl.version}, threads ${options.threads}`;
    this.scratch = new MeasuringScratch(dnnl, options.now);
    this.#known = new Map(Object.entries(known));
    this.#options = options;
  }

  known(key: string): string | null {
    return this.#known.get(key) ?? null;
  }

  use(key: string, choice: string): void {
    this.#used.set(key, choice);
    this.#known.set(key, choice);
  }

  measure(key: string, measure: () => string): string | null {
    const { now, budgetMs, onMeasured } = this.#options;
    if (this.#allMilliseconds >= budgetMs) return null;
    const start = now();
    const choice = measure();
    const milliseconds = now() - start;
    this.#milliseconds += milliseconds;
    this.#allMilliseconds += milliseconds;
    this.#measured.set(key, choice);
    this.use(key, choice);
    onMeasured?.(++this.#layers, this.#allMilliseconds);
    return choice;
  }

  /** To be called when a program has been compiled, or was refused: frees the memory that was measured on. */
  take(): TakenChoices {
    this.scratch.free();
    const taken = {
      used: Object.fromEntries(this.#used),
      measured: Object.fromEntries(this.#measured),
      milliseconds: this.#milliseconds,
    };
    this.#used = new Map();
    this.#measured = new Map();
    this.#milliseconds = 0;
    return taken;
  }
}
