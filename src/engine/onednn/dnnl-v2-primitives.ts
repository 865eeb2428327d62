// One row for each kind of primitive: how oneDNN 2.6–2.7 is told about it. Backward passes get the forward pass of the same
// description as their hint. Every primitive takes its scratchpad from the caller, so that no memory hides from the arena.
import { invariant, UnsupportedError } from "../../base/errors.ts";
import type { Padding } from "../../graph/geometry.ts";
import type { MemoryDescriptor, PrimitiveDescription } from "./dnnl.ts";
import { alternativeDescriptor } from "./dnnl-v2-alternative.ts";
import { type Ending, withAttributes } from "./dnnl-v2-attributes.ts";
import { algorithms, normalizationFlags, propagation, structBytes, unimplemented } from "./dnnl-v2-numbers.ts";
import type { DescribingFunctions, NativeFunction } from "./dnnl-v2-signatures.ts";

/** What a row needs of the binding. */
export interface NativeCalls {
  readonly functions: DescribingFunctions;
  /** Throws NativeError when the status is not success. */
  check(status: number, call: string, context: string): void;
  /** Calls a function whose first argument receives a handle. */
  created(call: string, context: string, fn: NativeFunction, ...rest: unknown[]): object;
  readonly engine: object;
  destroyDescriptor(descriptor: object): void;
  /** Its first argument receives the primitive descriptor that an iterator, the second, has come to. */
  readonly currentOf: NativeFunction;
  /** The library's name for the code behind a primitive descriptor. */
  nameOf(descriptor: object, where: string): string;
}

type Kind = PrimitiveDescription["kind"];
type Description<K extends Kind = Kind> = { [P in K]: Extract<PrimitiveDescription, { readonly kind: P }> }[K];
/** Returns the handle of a primitive descriptor. */
type Row<K extends Kind> = (native: NativeCalls, description: Description<K>, where: string) => object;

const int64 = (pair: readonly number[]): BigInt64Array => BigInt64Array.from(pair, BigInt);
const low = (padding: Padding): BigInt64Array => int64([padding.top, padding.left]);
const high = (padding: Padding): BigInt64Array => int64([padding.bottom, padding.right]);

/** Bytes of several descriptors in a row, as sum and concat take them. */
const inARow = (descriptors: readonly MemoryDescriptor[]): Buffer =>
  Buffer.concat(
    descriptors.map(({ native }) => {
      invariant(native instanceof Uint8Array, "a descriptor of oneDNN 2 is a buffer");
      return native;
    }),
  );

/** A primitive descriptor made by a function whose first argument receives it. */
const made = (native: NativeCalls, call: string, where: string, fn: NativeFunction, ...rest: unknown[]): object => {
  const out: [object | null] = [null];
  const status = fn(out, ...rest);
  if (status === unimplemented) throw new UnsupportedError("onednn", where, `oneDNN has no code for it (${call})`);
  native.check(status, call, where);
  if (out[0] === null) throw new UnsupportedError("onednn", where, `oneDNN gave no handle (${call})`);
  return out[0];
};

/** From a filled operation descriptor; `hint` is the forward pass of a backward one, `alternative` is as a convolution's. */
const describe = (
  native: NativeCalls,
  operation: Buffer,
  where: string,
  ending: Ending,
  hint: object | null,
  alternative = 0,
): object =>
  withAttributes(native, ending, where, (attributes) => {
    if (alternative > 0) return alternativeDescriptor(native, operation, attributes, hint, alternative, where);
    return made(
      native,
      "dnnl_primitive_desc_create",
      where,
      native.functions.describe,
      operation,
      attributes,
      native.engine,
      hint,
    );
  });

const withHint = (native: NativeCalls, hint: object, use: (hint: object) => object): object => {
  try {
    return use(hint);
  } finally {
    native.destroyDescriptor(hint);
  }
};

const rows: { readonly [K in Kind]: Row<K> } = {
  convolution: (native, d, where) => {
    const { functions, check } = native;
    const operation = Buffer.alloc(structBytes.convolution);
    const geometry = [int64(d.stride), low(d.padding), high(d.padding)];
    const algorithm = algorithms[d.algorithm];
    const [x, weight, y] = [d.x.native, d.weight.native, d.y.native];
    if (d.pass === "training" || d.pass === "inference") {
      const [stride, ...paddings] = geometry;
      const dilation = int64((d.dilation ?? [1, 1]).map((pixels) => pixels - 1)); // the library counts the pixels between
      const rest = [x, weight, d.bias?.native ?? null, y, stride, dilation, ...paddings];
      const status = functions.convolution(operation, propagation[d.pass], algorithm, ...rest);
      check(status, "dnnl_dilated_convolution_forward_desc_init", where);
      return describe(native, operation, where, d, null, d.alternative);
    }
    const forward = { ...d, pass: "training", weight: d.forwardWeight ?? d.weight, alternative: 0 } as const;
    return withHint(native, rows.convolution(native, forward, where), (hint) => {
      if (d.pass === "backwardData") {
        const status = functions.convolutionBackwardData(operation, algorithm, x, weight, y, ...geometry);
        check(status, "dnnl_convolution_backward_data_desc_init", where);
      } else {
        const status = functions.convolutionBackwardWeight(operation, algorithm, x, weight, null, y, ...geometry);
        check(status, "dnnl_convolution_backward_weights_desc_init", where);
      }
      return describe(native, operation, where, {}, hint, d.alternative);
    });
  },
  batchNorm: (native, d, where) => {
    const { functions, check } = native;
    const operation = Buffer.alloc(structBytes.batchNorm);
    const { scale, shift, relu, globalStatistics } = normalizationFlags;
    const flags = scale | shift | (d.relu ? relu : 0) | (d.pass === "inference" ? globalStatistics : 0);
    if (d.pass !== "backward") {
      const status = functions.batchNorm(operation, propagation[d.pass], d.x.native, d.epsilon, flags);
      check(status, "dnnl_batch_normalization_forward_desc_init", where);
      return describe(native, operation, where, {}, null);
    }
    return withHint(native, rows.batchNorm(native, { ...d, pass: "training" }, where), (hint) => {
      const status = functions.batchNormBackward(
        operation,
        propagation.backward,
        d.x.native,
        d.x.native,
        d.epsilon,
        flags,
      );
      check(status, "dnnl_batch_normalization_backward_desc_init", where);
      return describe(native, operation, where, {}, hint);
    });
  },
  elementwise: (native, d, where) => {
    const { functions, check } = native;
    const operation = Buffer.alloc(structBytes.eltwise);
    const forward = (kind: number, algorithm: number, alpha: number, beta: number): object => {
      const status = functions.eltwise(operation, kind, algorithm, d.x.native, alpha, beta);
      check(status, "dnnl_eltwise_forward_desc_init", where);
      return describe(native, operation, where, {}, null);
    };
    if (d.function === "affine") return forward(propagation.inference, algorithms.affine, d.scale, d.shift);
    if (d.pass === "inference") return forward(propagation.inference, algorithms[d.function], 0, 0);
    const algorithm = algorithms[`${d.function}FromResult`];
    return withHint(native, forward(propagation.training, algorithm, 0, 0), (hint) => {
      const status = functions.eltwiseBackward(operation, algorithm, d.x.native, d.x.native, 0, 0);
      check(status, "dnnl_eltwise_backward_desc_init", where);
      return describe(native, operation, where, {}, hint);
    });
  },
  pooling: (native, d, where) => {
    const { functions, check } = native;
    const operation = Buffer.alloc(structBytes.pooling);
    const geometry = [int64(d.stride), int64(d.kernel), low(d.padding), high(d.padding)];
    const algorithm = algorithms[d.algorithm];
    if (d.pass !== "backward") {
      const status = functions.pooling(operation, propagation[d.pass], algorithm, d.x.native, d.y.native, ...geometry);
      check(status, "dnnl_pooling_forward_desc_init", where);
      return describe(native, operation, where, {}, null);
    }
    return withHint(native, rows.pooling(native, { ...d, pass: "training" }, where), (hint) => {
      const status = functions.poolingBackward(operation, algorithm, d.x.native, d.y.native, ...geometry);
      check(status, "dnnl_pooling_backward_desc_init", where);
      return describe(native, operation, where, {}, hint);
    });
  },
  dense: (native, d, where) => {
    const { functions, check } = native;
    const operation = Buffer.alloc(structBytes.dense);
    const [x, weight, bias, y] = [d.x.native, d.weight.native, d.bias.native, d.y.native];
    const forward = (kind: number): object => {
      check(functions.dense(operation, kind, x, weight, bias, y), "dnnl_inner_product_forward_desc_init", where);
      return describe(native, operation, where, {}, null);
    };
    if (d.pass === "inference") return forward(propagation.inference);
    return withHint(native, forward(propagation.training), (hint) => {
      if (d.pass === "backwardData") {
        check(
          functions.denseBackwardData(operation, x, weight, y),
          "dnnl_inner_product_backward_data_desc_init",
          where,
        );
      } else {
        const status = functions.denseBackwardWeight(operation, x, weight, bias, y);
        check(status, "dnnl_inner_product_backward_weights_desc_init", where);
      }
      return describe(native, operation, where, {}, hint);
    });
  },
  binary: (native, d, where) => {
    const operation = Buffer.alloc(structBytes.binary);
    const status = native.functions.binary(operation, algorithms[d.operation], d.a.native, d.b.native, d.y.native);
    native.check(status, "dnnl_binary_desc_init", where);
    return describe(native, operation, where, d, null);
  },
  sum: (native, d, where) =>
    withAttributes(native, {}, where, (attributes) => {
      const { functions, engine } = native;
      const scales = Float32Array.from(d.coefficients);
      const rest = [d.y.native, d.sources.length, scales, inARow(d.sources), attributes, engine];
      return made(native, "dnnl_sum_primitive_desc_create", where, functions.sum, ...rest);
    }),
  concatenation: (native, d, where) =>
    withAttributes(native, {}, where, (attributes) => {
      const { functions, engine } = native;
      const rest = [d.y.native, d.sources.length, d.axis, inARow(d.sources), attributes, engine];
      return made(native, "dnnl_concat_primitive_desc_create", where, functions.concatenation, ...rest);
    }),
  reorder: (native, d, where) =>
    withAttributes(native, d, where, (attributes) => {
      const { functions, engine } = native;
      const rest = [d.from.native, engine, d.to.native, engine, attributes];
      return made(native, "dnnl_reorder_primitive_desc_create", where, functions.reorder, ...rest);
    }),
};

/** The handle of a primitive descriptor. Throws UnsupportedError when the library has no code for it. */
export const describePrimitive = <K extends Kind>(
  native: NativeCalls,
  description: Description<K>,
  where: string,
): object => rows[description.kind](native, description, where);
