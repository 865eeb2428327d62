// A network under construction: the graph's builder, and what the layers have made so far. Only forward.ts makes one.
import type { FloatDType } from "../base/dtype.ts";
import { invariant } from "../base/errors.ts";
import type { FeatureShape, ImageShape, Shape, VectorShape } from "../base/shape.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import type { Value } from "../graph/value.ts";
import type { ResNetSpec } from "../spec/spec.ts";

export interface ForwardOptions {
  /** training: batch norm takes the statistics of the batch, and dropout drops. evaluation: running statistics, no dropout. */
  readonly mode: "training" | "evaluation";
  /** Images. */
  readonly batch: number;
  /** Of images, parameters and activations; f32 by default. */
  readonly dtype?: FloatDType;
}

/** What a batch norm measured in training, for its running statistics. `count` is N·H·W, the values of each channel. */
export interface BatchStatistics {
  readonly layer: string;
  readonly mean: Value<VectorShape>;
  readonly variance: Value<VectorShape>;
  readonly count: number;
}

/** What has been built so far: activations by the name of their layer, maps [N, C, H, W] apart from features [N, F]. */
export class Construction {
  readonly maps = new Map<string, Value<ImageShape>>();
  readonly features = new Map<string, Value<FeatureShape>>();
  readonly parameters: Value[] = [];
  readonly batchStatistics: BatchStatistics[] = [];
  dropoutKey: Value<VectorShape> | null = null;
  readonly builder: GraphBuilder;
  readonly spec: ResNetSpec;
  readonly training: boolean;
  readonly dtype: FloatDType;

  constructor(builder: GraphBuilder, spec: ResNetSpec, { mode, dtype = "f32" }: ForwardOptions) {
    this.builder = builder;
    this.spec = spec;
    this.training = mode === "training";
    this.dtype = dtype;
  }

  map(layer: string): Value<ImageShape> {
    const value = this.maps.get(layer);
    invariant(value, `no map was made by ${layer}`);
    return value;
  }

  feature(layer: string): Value<FeatureShape> {
    const value = this.features.get(layer);
    invariant(value, `no features were made by ${layer}`);
    return value;
  }

  /** Declares a learned parameter. */
  parameter<const S extends Shape>(name: string, shape: S): Value<S> {
    const value = this.builder.state(name, this.dtype, shape);
    this.parameters.push(value);
    return value;
  }
}
