// What every engine is: it turns plans into programs that run over a shared state. Only these three are alive in Residual,
// and have to be disposed of; everything that goes in and comes out is plain data. Engines refuse at compile time
// (UnsupportedError) what they can't do. They never compute something else, and hold no global state.
import type { HostTensor, NamedTensors } from "../base/tensor.ts";
import type { FusionRule } from "../graph/fusion-rule.ts";
import type { RunPart } from "../graph/ops.ts";
import type { MemoryPlan } from "../plan/memory.ts";
import type { Plan } from "../plan/plan.ts";

/** How an engine computes with bf16: no slower than with f32, slower (in f32, with conversions), or not at all. */
export type Bf16Support = "fast" | "slow" | "none";

export interface Engine {
  readonly name: "reference" | "onednn" | "webgpu";
  /** The fusions it has; what is handed to compile may contain no others. */
  readonly fusions: readonly FusionRule[];
  readonly bf16: Bf16Support;
  /** Whether it computes on bytes (quantised networks) on this machine. */
  readonly int8: boolean;
  /** Threads that compute on this machine's cores while a program runs; 0 where it computes elsewhere. */
  readonly threads: number;
  /** Copies the tensors into a new state. */
  createState(tensors: NamedTensors): Promise<State>;
  /**
   * Builds a program for a plan. Every state of the plan's graph must be in the state, with its shape and type. Throws
   * UnsupportedError, with the node's path and the reason, for what the engine can't do.
   */
  compile(plan: Plan, state: State): Promise<Program>;
  /** Frees everything that belongs to it, a second time nothing. The states and programs that it made can't be used any more. */
  dispose(): Promise<void>;
}

/** Parameters, momenta, accumulators and running statistics: what outlives a run, and what several programs share. */
export interface State {
  /** Raised by every write and every update. */
  readonly version: number;
  /** Copies of the tensors (all of them by default), after all runs that were asked for before. */
  read(names?: readonly string[]): Promise<NamedTensors>;
  /** Replaces tensors. Throws when a name is unknown or a shape differs; then nothing is written. */
  write(tensors: NamedTensors): Promise<void>;
  /** To be called when the programs that run over it are disposed of. */
  dispose(): Promise<void>;
}

/** Inputs by name, of exactly the graph's shapes. Tensors in shared memory cross to the engine without a copy. */
export type ProgramInputs = Readonly<Record<string, HostTensor>>;
/** The graph's outputs by name, in buffers that belong to the program: valid until its next run. */
export type ProgramOutputs = Readonly<Record<string, HostTensor>>;

export interface Program {
  /**
   * Runs one part or, by default, `step` and then `update`. The part `prepare` comes before a step by itself, when the state has
   * changed since it last ran. Calls are queued: they run in the order in which they were made.
   * Inputs may not be changed before the promise settles; those that a part doesn't read may be left out. Outputs that later
   * parts compute keep their last value.
   */
  run(inputs: ProgramInputs, part?: RunPart): Promise<ProgramOutputs>;
  /**
   * Runs as `run` does, and gives the seconds that each call took, in the order of `implementations`; 0 for calls of other
   * parts. An engine that can't tell has no such method.
   */
  profile?(inputs: ProgramInputs, part?: RunPart): Promise<Float64Array>;
  /** Where each value lies in the program's arena; the state is not part of it. */
  readonly memory: MemoryPlan;
  /** What computes each node: the name that the engine's library gives the implementation. */
  readonly implementations: readonly NodeImplementation[];
  dispose(): Promise<void>;
}

/**
 * What an engine chose by measuring: for each layer, by everything that its speed depends on but the machine, the code and layouts that
 * were fastest. Plain data: handed to an engine again, it makes the same choices, and so the same bits.
 */
export type Choices = Readonly<Record<string, string>>;

export interface NodeImplementation {
  readonly node: string;
  /** What the engine computes in JavaScript itself begins with `script:`. */
  readonly implementation: string;
}
