// What quantized.golden.json holds; tools/goldens/quantized.py says what of.
import type { ByteDType } from "../../src/base/dtype.ts";
import type { FilterShape, ImageShape, Shape } from "../../src/base/shape.ts";
import type { QuantizedConvParams } from "../../src/graph/quantized-ops.ts";

/** How levels are drawn by the formula. */
export type LevelKind = "any" | "extreme" | "largest";

/** All levels, and the positions of those that f32 may carry to either side of the middle between two. */
export interface KeptLevels {
  readonly shape: Shape;
  readonly levels: readonly number[];
  readonly ties: readonly number[];
}
/** Sums as they are: whole numbers that f32 holds exactly. */
interface KeptSums {
  readonly shape: Shape;
  readonly sums: readonly number[];
}
/** Of a result in f32, the elements at sampleIndices(name, …) and how far each may be off. */
interface KeptNumbers {
  readonly shape: Shape;
  readonly samples: readonly number[];
  readonly bounds: readonly number[];
}

export interface QuantizedConvolutionCase {
  readonly x: { readonly dtype: ByteDType; readonly shape: ImageShape; readonly kind: LevelKind };
  readonly weight: { readonly shape: FilterShape; readonly kind: LevelKind };
  readonly bias: readonly number[];
  readonly shortcut: ByteDType | "f32" | null;
  readonly params: QuantizedConvParams;
  readonly result: KeptLevels | KeptSums | KeptNumbers;
}

export interface QuantizedGolden {
  readonly samples: number;
  readonly convolutions: Readonly<Record<string, QuantizedConvolutionCase>>;
  readonly quantize: Readonly<
    Record<
      string,
      {
        readonly width: number;
        readonly params: { readonly dtype: ByteDType; readonly scale: number };
        readonly result: KeptLevels;
      }
    >
  >;
  readonly filters: KeptLevels & { readonly weight: readonly number[]; readonly scales: readonly number[] };
  /** Filters rounded for the covariance [K, K] of what they see; what error that makes, eᵀ·C·e over all filters. */
  readonly feedback: {
    readonly covariance: readonly number[];
    readonly weight: readonly (readonly number[])[];
    readonly levels: readonly (readonly number[])[];
    readonly errors: { readonly nearest: number; readonly feedback: number };
  };
  /** Of a network's activations, by the name of the value. */
  readonly ranges: {
    readonly model: string;
    readonly seed: number;
    readonly batch: number;
    readonly image: readonly [channels: number, height: number, width: number];
    readonly classes: number;
    readonly points: Readonly<
      Record<
        string,
        {
          readonly dtype: ByteDType;
          readonly largest: number;
          /** Of the least squared error, and the interval of those whose error is little more. */
          readonly range: number;
          readonly within: readonly [low: number, high: number];
        }
      >
    >;
  };
}
