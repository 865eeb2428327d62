// What each operation makes of its operands: the shape and type of every result, or a ShapeError that says what doesn't fit.
// A node with one result gives it the node's name; with several, the name and the result's: `bn1.mean`.
import { dtypeBytes } from "../base/dtype.ts";
import { ShapeError } from "../base/errors.ts";
import { formatShape, type Pair } from "../base/shape.ts";
import { type PoolParams, windowPositions } from "./geometry.ts";
import { checkOperandTypes } from "./operand-types.ts";
import type { Operands, OpKind, Params, Results } from "./ops.ts";
import { alike, expectShape, full, type ShapeRule, value } from "./shape-checks.ts";
import { updateShapeRules } from "./update-shape-rules.ts";
import type { Value } from "./value.ts";

const expectWindows = (name: string, x: Value, positions: Pair): Pair => {
  if (positions[0] >= 1 && positions[1] >= 1) return positions;
  throw new ShapeError(name, "x", "at least as large as the window that slides over it", x.shape);
};

/** A window whose mean is taken must not lie in the padding altogether. */
const expectPixels = (name: string, x: Value, { kernel: [u, v], padding: p }: PoolParams): void => {
  if (p.top < u && p.bottom < u && p.left < v && p.right < v) return;
  const amounts = `${p.top} above, ${p.left} left, ${p.bottom} below, ${p.right} right`;
  throw new ShapeError(name, "x", `padded by less than the window's ${u}×${v} pixels (not by ${amounts})`, x.shape);
};

const perChannel = (name: string, x: Value, operands: Readonly<Record<string, Value>>): void => {
  for (const [operand, actual] of Object.entries(operands)) expectShape(name, operand, actual, [x.shape[1] ?? 0]);
};

export const shapeRules: { readonly [K in OpKind]: ShapeRule<K> } = {
  conv2d: (name, { x, weight }, params) => {
    const [n, c, h, w] = x.shape;
    const [o, channels, u, v] = weight.shape;
    if (c !== channels * params.groups || o % params.groups !== 0) {
      const expected = `of ${channels * params.groups} channels (weight ${formatShape(weight.shape)}, ${params.groups} groups)`;
      throw new ShapeError(name, "x", expected, x.shape);
    }
    const [height, width] = expectWindows(name, x, windowPositions([h, w], [u, v], params));
    return { y: value(name, x, [n, o, height, width]) };
  },
  batchNormTrain: (name, { x, scale, shift }) => {
    perChannel(name, x, { scale, shift });
    const channels = x.shape[1];
    return {
      y: value(`${name}.y`, x, x.shape),
      mean: value(`${name}.mean`, scale, [channels]),
      variance: value(`${name}.variance`, scale, [channels]),
    };
  },
  batchNormInference: (name, { x, ...vectors }) => {
    perChannel(name, x, vectors);
    return { y: value(name, x, x.shape) };
  },
  foldBatchNorm: (name, { weight, ...vectors }) => {
    const [filters] = weight.shape;
    for (const [operand, actual] of Object.entries(vectors)) expectShape(name, operand, actual, [filters]);
    return {
      weight: value(`${name}.weight`, weight, weight.shape),
      bias: value(`${name}.bias`, vectors.shift, [filters]),
    };
  },
  relu: (name, { x }) => ({ y: value(name, x, x.shape) }),
  add: (name, operands) => ({ y: value(name, operands.a, alike(name, operands).shape) }),
  multiply: (name, operands) => ({ y: value(name, operands.a, alike(name, operands).shape) }),
  sigmoid: (name, { x }) => ({ y: value(name, x, x.shape) }),
  affine: (name, { x }) => ({ y: value(name, x, x.shape) }),
  addBias: (name, { x, bias }) => {
    perChannel(name, x, { bias });
    return { y: value(name, x, x.shape) };
  },
  maxPool: (name, { x }, params) => {
    const [n, c, h, w] = x.shape;
    const [height, width] = expectWindows(name, x, windowPositions([h, w], params.kernel, params));
    const shape = [n, c, height, width] as const;
    return { y: value(`${name}.y`, x, shape), argmax: value(`${name}.argmax`, { dtype: "i32" }, shape) };
  },
  averagePool: (name, { x }, params) => {
    const [n, c, h, w] = x.shape;
    expectPixels(name, x, params);
    return { y: value(name, x, [n, c, ...expectWindows(name, x, windowPositions([h, w], params.kernel, params))]) };
  },
  globalAveragePool: (name, { x }) => ({ y: value(name, x, [x.shape[0], x.shape[1]]) }),
  flatten: (name, { x }) => {
    const [n, c, h, w] = x.shape;
    return { y: value(name, x, [n, c * h * w]) };
  },
  subsample: (name, { x }, { stride }) => {
    const [n, c, h, w] = x.shape;
    return { y: value(name, x, [n, c, Math.ceil(h / stride[0]), Math.ceil(w / stride[1])]) };
  },
  padChannels: (name, { x }, { before, after }) => {
    const [n, c, h, w] = x.shape;
    return { y: value(name, x, [n, before + c + after, h, w]) };
  },
  extendMap: (name, { x }, { below, right }) => {
    const [n, c, h, w] = x.shape;
    return { y: value(name, x, [n, c, h + below, w + right]) };
  },
  dense: (name, { x, weight, bias }) => {
    const [o, i] = weight.shape;
    expectShape(name, "x", x, [x.shape[0], i]);
    expectShape(name, "bias", bias, [o]);
    return { y: value(name, x, [x.shape[0], o]) };
  },
  dropout: (name, { x, key }) => {
    expectShape(name, "key", key, [2]);
    return { y: value(name, x, x.shape) };
  },
  softmaxCrossEntropy: (name, { logits, labels }) => {
    expectShape(name, "labels", labels, [logits.shape[0]]);
    return {
      loss: value(`${name}.loss`, logits, []),
      probabilities: value(`${name}.probabilities`, logits, logits.shape),
    };
  },
  stochasticDepth: (name, { x, key }) => {
    expectShape(name, "key", key, [2]);
    return { y: value(name, x, x.shape) };
  },
  mixedTargets: (name, { labels, partners, share }, { classes }) => {
    expectShape(name, "partners", partners, labels.shape);
    expectShape(name, "share", share, labels.shape);
    return { targets: value(name, share, [labels.shape[0], classes]) };
  },
  softCrossEntropy: (name, { logits, targets }) => {
    expectShape(name, "targets", targets, logits.shape);
    return {
      loss: value(`${name}.loss`, logits, []),
      probabilities: value(`${name}.probabilities`, logits, logits.shape),
    };
  },
  binaryCrossEntropy: (name, { logits, targets }) => {
    expectShape(name, "targets", targets, logits.shape);
    return { loss: value(`${name}.loss`, logits, []) };
  },
  cast: (name, { x }, { dtype }) => ({ y: value(name, { dtype }, x.shape) }),
  constant: (name, _operands, { shape, dtype }) => ({ y: value(name, { dtype }, shape) }),
  quantize: (name, { x }, { dtype }) => ({ y: value(name, { dtype }, x.shape) }),
  dequantize: (name, { x }) => ({ y: value(name, { dtype: "f32" }, x.shape) }),
  quantizedConv2d: (name, { x, weight, bias, shortcut }, params) => {
    const { y } = shapeRules.conv2d(name, { x, weight }, params);
    const [o] = weight.shape;
    expectShape(name, "bias", bias, [o]);
    if (params.factors.length !== o)
      throw new Error(`${name}: ${params.factors.length} factors for ${o} filters; each filter has one`);
    const result = value(name, { dtype: params.result }, y.shape);
    if (shortcut) {
      expectShape(name, "shortcut", shortcut, y.shape);
      if (dtypeBytes[shortcut.dtype] !== dtypeBytes[result.dtype])
        throw new Error(
          `${name}: its shortcut is ${shortcut.dtype} but its result ${result.dtype}; both are bytes, or f32`,
        );
    }
    return { y: result };
  },

  conv2dBackwardData: (name, { dy, weight }, params) => {
    const [, , u, v] = weight.shape;
    const [n, , h, w] = params.inputShape;
    const [height, width] = windowPositions([h, w], [u, v], params);
    expectShape(name, "dy", dy, [n, weight.shape[0], height, width]);
    return { dx: value(name, dy, params.inputShape) };
  },
  conv2dBackwardWeight: (name, { x, dy }, params) => {
    const [o, , u, v] = params.filterShape;
    const [n, , h, w] = x.shape;
    const [height, width] = windowPositions([h, w], [u, v], params);
    expectShape(name, "dy", dy, [n, o, height, width]);
    return { dWeight: value(name, full(dy), params.filterShape) };
  },
  batchNormBackward: (name, { x, dy, ...vectors }) => {
    expectShape(name, "dy", dy, x.shape);
    perChannel(name, x, vectors);
    const channels = x.shape[1];
    return {
      dx: value(`${name}.dx`, x, x.shape),
      dScale: value(`${name}.dScale`, vectors.scale, [channels]),
      dShift: value(`${name}.dShift`, vectors.scale, [channels]),
    };
  },
  reluBackward: (name, { y, dy }) => {
    expectShape(name, "dy", dy, y.shape);
    return { dx: value(name, y, y.shape) };
  },
  sigmoidBackward: (name, { y, dy }) => {
    expectShape(name, "dy", dy, y.shape);
    return { dx: value(name, y, y.shape) };
  },
  sumPerChannel: (name, { dy }) => ({ dBias: value(name, full(dy), [dy.shape[1]]) }),
  maxPoolBackward: (name, { argmax, dy }, { inputShape }) => {
    expectShape(name, "dy", dy, argmax.shape);
    return { dx: value(name, dy, inputShape) };
  },
  averagePoolBackward: (name, { dy }, { inputShape, ...params }) => {
    const [n, c, h, w] = inputShape;
    expectShape(name, "dy", dy, [n, c, ...windowPositions([h, w], params.kernel, params)]);
    return { dx: value(name, dy, inputShape) };
  },
  globalAveragePoolBackward: (name, { dy }, { size }) => ({ dx: value(name, dy, [...dy.shape, ...size]) }),
  unflatten: (name, { dy }, { inputShape }) => {
    const [n, c, h, w] = inputShape;
    expectShape(name, "dy", dy, [n, c * h * w]);
    return { dx: value(name, dy, inputShape) };
  },
  subsampleBackward: (name, { dy }, { inputShape }) => ({ dx: value(name, dy, inputShape) }),
  sliceChannels: (name, { x }, { start, count }) => {
    const [n, c, h, w] = x.shape;
    if (start < 0 || count < 1 || start + count > c) {
      throw new ShapeError(name, "x", `of at least ${start + count} channels`, x.shape);
    }
    return { y: value(name, x, [n, count, h, w]) };
  },
  cropMap: (name, { x }, { size }) => {
    const [n, c, h, w] = x.shape;
    if (size[0] > h || size[1] > w)
      throw new ShapeError(name, "x", `of at least ${size[0]}×${size[1]} pixels`, x.shape);
    return { y: value(name, x, [n, c, ...size]) };
  },
  denseBackwardData: (name, { dy, weight }) => {
    const [o, i] = weight.shape;
    expectShape(name, "dy", dy, [dy.shape[0], o]);
    return { dx: value(name, dy, [dy.shape[0], i]) };
  },
  denseBackwardWeight: (name, { x, dy }) => {
    expectShape(name, "dy", dy, [x.shape[0], dy.shape[1]]);
    return {
      dWeight: value(`${name}.dWeight`, dy, [dy.shape[1], x.shape[1]]),
      dBias: value(`${name}.dBias`, dy, [dy.shape[1]]),
    };
  },
  softmaxCrossEntropyBackward: (name, { probabilities, labels, dLoss }) => {
    expectShape(name, "labels", labels, [probabilities.shape[0]]);
    expectShape(name, "dLoss", dLoss, []);
    return { dLogits: value(name, probabilities, probabilities.shape) };
  },
  softCrossEntropyBackward: (name, { probabilities, targets, dLoss }) => {
    expectShape(name, "targets", targets, probabilities.shape);
    expectShape(name, "dLoss", dLoss, []);
    return { dLogits: value(name, probabilities, probabilities.shape) };
  },
  binaryCrossEntropyBackward: (name, { logits, targets, dLoss }) => {
    expectShape(name, "targets", targets, logits.shape);
    expectShape(name, "dLoss", dLoss, []);
    return { dLogits: value(name, logits, logits.shape) };
  },

  ...updateShapeRules,
  fused: (name) => {
    throw new Error(
      `internal error: ${name}: fused nodes are made by the fusion pass, with results that are known already`,
    );
  },
};

/** The results of a node of kind K, named; throws ShapeError when the operands' shapes don't fit, Error when their types don't. */
export const shapeOf = <K extends OpKind>(
  kind: K,
  name: string,
  operands: Operands<K>,
  params: Params<K>,
): Results<K> => {
  checkOperandTypes(kind, name, operands);
  return shapeRules[kind](name, operands, params);
};
