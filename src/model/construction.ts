// A network under construction: the graph's builder, and what the layers have made so far. Only forward.ts makes one.
import type { FloatDType } from "../base/dtype.ts";
import { invariant } from "../base/errors.ts";
import type { FeatureShape, ImageShape, Shape, VectorShape } from "../base/shape.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import type { HostValue, Value } from "../graph/value.ts";
import { layersOf } from "../spec/layers.ts";
import type { ResNetSpec } from "../spec/spec.ts";

export interface ForwardOptions {
  /**
   * training: batch norm takes the statistics of the batch, and dropout drops. evaluation: running statistics, no dropout.
   * statistics: those of the batch, no dropout; to estimate anew what evaluation uses.
   */
  readonly mode: "training" | "evaluation" | "statistics";
  /** Images. */
  readonly batch: number;
  /** Of images, parameters and activations; f32 by default. */
  readonly dtype?: FloatDType;
  /** Names of batch norms that keep to their running statistics in training too; none by default. */
  readonly fixedBatchNorms?: ReadonlySet<string>;
  /**
   * In training, how likely the last residual branch is dropped, image by image (Huang et al. 2016); earlier ones less, by the linear
   * rule: branch l of L with l / L of it. Default 0.
   */
  readonly stochasticDepth?: number;
}

/** What a batch norm measured in training, for its running statistics. `count` is N·H·W, the values of each channel. */
export interface BatchStatistics {
  readonly layer: string;
  readonly mean: Value<VectorShape>;
  readonly variance: Value<VectorShape>;
  readonly count: number;
}

const isMap = (value: Value): value is Value<ImageShape> => value.shape.length === 4;
const areFeatures = (value: Value): value is Value<FeatureShape> => value.shape.length === 2;

/** What has been built so far: activations by the name of their layer, maps [N, C, H, W] or features [N, F]. */
export class Construction {
  readonly parameters: HostValue[] = [];
  readonly batchStatistics: BatchStatistics[] = [];
  readonly builder: GraphBuilder;
  readonly spec: ResNetSpec;
  /** Whether dropout drops. */
  readonly drops: boolean;
  readonly dtype: FloatDType;
  /** Residual branches, and the likelihood that the last is dropped. */
  readonly #depth: { readonly branches: number; readonly rate: number };
  #branches = 0;
  readonly #mode: ForwardOptions["mode"];
  readonly #fixedBatchNorms: ReadonlySet<string>;
  readonly #activations = new Map<string, Value>();
  #dropoutKey: Value<VectorShape> | null = null;
  #dropouts = 0;

  constructor(builder: GraphBuilder, spec: ResNetSpec, options: ForwardOptions) {
    const { mode, dtype = "f32", fixedBatchNorms, stochasticDepth = 0 } = options;
    const branches = layersOf(spec).filter(({ kind }) => kind === "add").length;
    this.#depth = { branches, rate: mode === "training" ? stochasticDepth : 0 };
    this.builder = builder;
    this.spec = spec;
    this.drops = mode === "training";
    this.dtype = dtype;
    this.#mode = mode;
    this.#fixedBatchNorms = fixedBatchNorms ?? new Set();
  }

  /** Whether a batch norm normalises with the statistics of the batch, not with its running ones. */
  takesBatchStatistics(layer: string): boolean {
    return this.#mode !== "evaluation" && !this.#fixedBatchNorms.has(layer);
  }

  /** Records what a layer made. */
  made(layer: string, value: Value): void {
    this.#activations.set(layer, value);
  }

  activation(layer: string): Value {
    const value = this.#activations.get(layer);
    invariant(value, `nothing was made by ${layer}`);
    return value;
  }

  map(layer: string): Value<ImageShape> {
    const value = this.activation(layer);
    invariant(isMap(value), `no map was made by ${layer}`);
    return value;
  }

  features(layer: string): Value<FeatureShape> {
    const value = this.activation(layer);
    invariant(areFeatures(value), `no features were made by ${layer}`);
    return value;
  }

  /** Declares a learned parameter. */
  parameter<const S extends Shape>(name: string, shape: S): HostValue<S> {
    const value = this.builder.state(name, this.dtype, shape);
    this.parameters.push(value);
    return value;
  }

  /** What a dense layer without a bias adds. */
  noBias(layer: string, length: number): Value<VectorShape> {
    const params = { value: 0, shape: [length], dtype: this.dtype };
    return { ...this.builder.add("constant", `${layer}.noBias`, {}, params).y, shape: [length] };
  }

  /** The input `dropoutKey`, declared when the first layer drops; null while none has. */
  get dropoutKey(): Value<VectorShape> | null {
    return this.#dropoutKey;
  }

  /** The next residual branch, with stochastic depth where the recipe asks for it. Its random streams are apart from dropout's. */
  throughDepth(layer: string, branch: Value): Value {
    const { branches, rate: last } = this.#depth;
    this.#branches += 1;
    if (last === 0) return branch;
    this.#dropoutKey ??= this.builder.input("dropoutKey", "i32", [2]);
    const params = { rate: (last * this.#branches) / branches, stream: this.#branches - 1 };
    return this.builder.add("stochasticDepth", `${layer}.stochasticDepth`, { x: branch, key: this.#dropoutKey }, params)
      .y;
  }

  /** What a dropping layer needs: the key, which all share, and a random stream of its own. */
  nextDropout(): { readonly key: Value<VectorShape>; readonly stream: number } {
    this.#dropoutKey ??= this.builder.input("dropoutKey", "i32", [2]);
    const stream = this.#dropouts;
    this.#dropouts += 1;
    return { key: this.#dropoutKey, stream };
  }
}
