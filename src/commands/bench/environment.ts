// What bench is asked, and what it is handed of the world by the composition root.
import type { Precision } from "../../base/dtype.ts";
import type { NamedTensors } from "../../base/tensor.ts";
import type { Engine } from "../../engine/contract.ts";
import type { Graph } from "../../graph/graph.ts";
import type { Plan } from "../../plan/plan.ts";

/** Of activations. int8 is for inference alone: without weights, networks are quantised on seeded synthetic images. */
export type BenchType = Precision | "int8";

export interface BenchOptions {
  /** `train`: forward, backward, statistics and update. `infer`: the network as it is evaluated. */
  readonly what: "train" | "infer";
  /** A named network. */
  readonly model: string;
  /** Images of one step. */
  readonly batch: number;
  readonly dtype: BenchType;
  readonly threads: number;
  readonly engine: Engine["name"];
  /** Default direct for training, auto for inference. */
  readonly convolution?: "direct" | "auto";
  /** Height and width; by default those that the network was made for. */
  readonly image?: number;
  /** Whether the numbers are checked first. Default true. */
  readonly check?: boolean;
  /** Whether the machine's roof is measured; `roofFraction` is null otherwise. Default true. */
  readonly roof?: boolean;
  /** For how long steps are timed; at least five rounds, unless they take half as long again. Default 20. */
  readonly seconds?: number;
  /** Whether the report has a profile: the time of each node. Default false. */
  readonly profile?: boolean;
  /** Weights, images and labels follow from it. Default 0. */
  readonly seed?: number;
  readonly onStage?: (stage: BenchStage) => void;
}
export type BenchStage = "check" | "compile" | "time" | "profile" | "latency" | "roof";

/**
 * One value of a run, compared with f64 (and what bf16 makes of it): `share` of the allowed error that was used; `relative`:
 * allowed error ÷ norm.
 */
export interface CheckedValue {
  readonly name: string;
  readonly share: number;
  readonly relative: number;
}

export interface BenchEnvironment {
  /** `convolution`: the algorithm; auto may take Winograd's. */
  readonly openEngine: (engine: Engine["name"], threads: number, convolution: "direct" | "auto") => Promise<Engine>;
  /**
   * Compares an engine's run, of the graph or of another that should compute the same, with the graph in f64: `checkGraph` of
   * engine/conformance. Of a run in bf16 it compares every node as well; of one in int8 every node, and what `plans` of
   * the graph give with that.
   */
  readonly checkGraph: (
    engine: Engine,
    graph: Graph,
    tensors: NamedTensors,
    options: { readonly runAs: Graph; readonly plans: readonly Plan[] },
  ) => Promise<readonly CheckedValue[]>;
  /** Milliseconds that only grow, from any beginning. */
  readonly now: () => number;
  readonly hardware: BenchHardware;
}

export interface BenchHardware {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
}
