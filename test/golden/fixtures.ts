// The goldens that tools/goldens/make.py wrote, typed and read. All numbers come from PyTorch in f64 but those that say f32.
import { readFileSync } from "node:fs";
import type { Pair, Shape } from "../../src/base/shape.ts";
import type { Padding } from "../../src/graph/geometry.ts";
import type { Clipping } from "../../src/passes/clip-gradients.ts";
import type { OptimizerRule } from "../../src/passes/optimizers.ts";
import type { QuantizedGolden } from "./quantized-fixture.ts";

/** What is kept of a tensor. */
export interface Digest {
  readonly shape: Shape;
  /** L2 norm and sum of all elements. */
  readonly norm: number;
  readonly sum: number;
  /** ‖f32 − f64‖ ⁄ ‖f64‖ of PyTorch's own f32: the largest of several runs that differ in rounding only. */
  readonly f32Error: number;
  /** The largest |f32 − f64| of an element, likewise. */
  readonly f32MaxError: number;
  /** The elements at sampleIndices(name, …). */
  readonly samples: readonly number[];
  /** For sums of products: the longest sum's length, and norm and maximum of the sums of absolute products. */
  readonly reduction?: { readonly length: number; readonly absoluteNorm: number; readonly absoluteMax: number };
}
export type Digests = Readonly<Record<string, Digest>>;

export const networkNames = ["resnet20", "plain20", "resnet18", "resnet50"] as const;
export type NetworkName = (typeof networkNames)[number];

/** A network's golden; tools/goldens/networks.py says what each entry is. */
export interface NetworkGolden {
  readonly case: {
    readonly model: NetworkName;
    readonly seed: number;
    /** In so many first steps no ReLU or maximum was a closer call than `margin` times f32's error. */
    readonly safeSteps: number;
    readonly margin: number;
    readonly batch: number;
    readonly image: readonly [channels: number, height: number, width: number];
    readonly classes: number;
    readonly learningRate: number;
    readonly momentum: number;
    readonly weightDecay: number;
  };
  readonly samples: {
    readonly logits: number;
    readonly gradient: number;
    readonly running: number;
    readonly change: number;
  };
  readonly evaluationLogits: Digest;
  readonly path: readonly { readonly loss: number; readonly logits: Digest }[];
  readonly gradients: Digests;
  readonly running: Digests;
  readonly changes: Digests;
}

/** Where an operand's values come from. */
export type OperandSource =
  | { readonly kind: "uniform"; readonly shape: Shape; readonly offset: number; readonly scale: number }
  | { readonly kind: "integers"; readonly shape: Shape; readonly offset: number; readonly below: number };

interface WindowOfCase {
  readonly stride: Pair;
  readonly padding: Padding;
}
/** The parameters of each kind of case. */
export interface OperationParams {
  conv2d: WindowOfCase & { readonly groups: number };
  batchNormTrain: { readonly epsilon: number; readonly momentum: number };
  batchNormInference: { readonly epsilon: number };
  maxPool: WindowOfCase & { readonly kernel: Pair };
  averagePool: WindowOfCase & { readonly kernel: Pair; readonly countPadding: boolean };
  globalAveragePool: Record<never, never>;
  shortcutA: { readonly stride: Pair; readonly before: number; readonly after: number };
  dense: Record<never, never>;
  softmaxCrossEntropy: { readonly labelSmoothing: number };
  sgd: {
    readonly learningRate: number;
    readonly momentum: number;
    readonly nesterov: boolean;
    readonly weightDecay: number;
  };
}
export type OperationName = keyof OperationParams;
export interface OperationCaseOf<K extends OperationName> {
  readonly operation: K;
  readonly params: OperationParams[K];
  readonly operands: Readonly<Record<string, OperandSource>>;
  readonly results: Digests;
}
export type OperationCase = { [K in OperationName]: OperationCaseOf<K> }[OperationName];

export interface OperationGoldens {
  readonly seed: number;
  readonly samples: number;
  readonly cases: Readonly<Record<string, OperationCase>>;
}

export interface FormulaGolden {
  readonly fnv1a: Readonly<Record<string, number>>;
  /** For each tensor: its first elements, and the sum modulo 2³² of all elements' bits. */
  readonly tensors: Readonly<
    Record<
      string,
      { readonly seed: number; readonly shape: Shape; readonly first: readonly number[]; readonly checksum: number }
    >
  >;
  readonly labels: readonly number[];
  readonly sampleIndices: readonly number[];
}

/** Learned numbers and multiply-accumulates of one image, as tools/goldens/counts.py counted them on PyTorch's modules. */
export type CountsGolden = Readonly<
  Record<
    "torchvision" | "paper" | "cifar",
    Readonly<Record<string, { readonly parameters: number; readonly macs: number }>>
  >
>;

export interface Manifest {
  readonly command: string;
  readonly date: string;
  readonly formulaVersion: number;
  readonly versions: Readonly<Record<string, string>>;
  /** SHA-256 of each file of the folder, in hexadecimal. */
  readonly files: Readonly<Record<string, string>>;
}

type NamedNumbers = Readonly<Record<string, readonly number[]>>;

/** Weights after each step, of given gradients; tools/goldens/optimizers.py says by what. */
export interface OptimizersGolden {
  readonly seed: number;
  readonly shapes: Readonly<Record<string, Shape>>;
  readonly decays: Readonly<Record<string, number>>;
  readonly rates: readonly number[];
  readonly paths: Readonly<
    Record<
      string,
      {
        readonly optimizer: OptimizerRule;
        readonly clipping?: Clipping;
        /** Where there is one, the weights are their moving average with this decay. */
        readonly average?: number;
        readonly weights: readonly NamedNumbers[];
      }
    >
  >;
}

/** Targets, loss and gradient by the logits; tools/goldens/losses.py says of what. */
export interface LossesGolden {
  readonly seed: number;
  readonly cases: Readonly<
    Record<
      string,
      {
        readonly kind: "softCrossEntropy" | "binaryCrossEntropy" | "binaryCrossEntropySum";
        readonly size: readonly [images: number, classes: number];
        readonly labelSmoothing: number;
        readonly threshold: number | null;
        readonly targets: readonly number[];
        readonly loss: number;
        readonly dLogits: readonly number[];
      }
    >
  >;
}

interface Fixtures extends Record<NetworkName, NetworkGolden> {
  formula: FormulaGolden;
  counts: CountsGolden;
  operations: OperationGoldens;
  optimizers: OptimizersGolden;
  losses: LossesGolden;
  quantized: QuantizedGolden;
}

// Compiled tests lie in dist/test/golden.
export const fixturesFolder = new URL("../../../fixtures/", import.meta.url);

export const readFixtureBytes = (file: string): Buffer => readFileSync(new URL(file, fixturesFolder));

export const readFixture = <K extends keyof Fixtures>(name: K): Fixtures[K] =>
  JSON.parse(readFixtureBytes(`${name}.golden.json`).toString("utf8"));

export const readManifest = (): Manifest => JSON.parse(readFixtureBytes("manifest.json").toString("utf8"));
