// Which types the operands of an operation may have together: one total table, which the checker reads, and the precision pass.
import { fullTypes, type ValueDType } from "../base/dtype.ts";
import type { Operands, OpKind } from "./ops.ts";
import type { Value } from "./value.ts";

/**
 * activation: computed on in bf16 where asked for; all of a node's are of one type.
 * full: a parameter, statistic or loss; f32 where the activations are bf16, else of their type.
 * index: labels, winners, keys: i32.
 * byte, signedByte: of a quantised network: i8 or u8, i8.
 * any: of whatever type.
 */
export type OperandRole = "activation" | "full" | "index" | "byte" | "signedByte" | "any";
type Roles<K extends OpKind> = string extends keyof Operands<K>
  ? OperandRole
  : { readonly [O in keyof Operands<K>]: OperandRole };

const maps = { a: "activation", b: "activation" } as const;
const map = { x: "activation" } as const;
const gradient = { dy: "activation" } as const;
const statistics = { mean: "full", variance: "full" } as const;

/** Operations whose operands have names of the caller's choice have one role for all. */
export const operandRoles: { readonly [K in OpKind]: Roles<K> } = {
  conv2d: { x: "activation", weight: "activation" },
  conv2dBackwardData: { dy: "activation", weight: "activation" },
  conv2dBackwardWeight: { x: "activation", dy: "activation" },
  batchNormTrain: { x: "activation", scale: "full", shift: "full" },
  batchNormInference: { x: "activation", scale: "full", shift: "full", ...statistics },
  foldBatchNorm: { weight: "full", bias: "full", scale: "full", shift: "full", ...statistics },
  batchNormBackward: { x: "activation", dy: "activation", scale: "full", ...statistics },
  relu: map,
  reluBackward: { y: "activation", dy: "activation" },
  add: maps,
  multiply: maps,
  sigmoid: map,
  sigmoidBackward: { y: "activation", dy: "activation" },
  affine: map,
  addBias: { x: "activation", bias: "full" },
  sumPerChannel: gradient,
  maxPool: map,
  maxPoolBackward: { argmax: "index", dy: "activation" },
  averagePool: map,
  averagePoolBackward: gradient,
  globalAveragePool: map,
  globalAveragePoolBackward: gradient,
  flatten: map,
  unflatten: gradient,
  subsample: map,
  subsampleBackward: gradient,
  padChannels: map,
  sliceChannels: map,
  extendMap: map,
  cropMap: map,
  // The head: a thousandth of a network's work, and what its loss is most sensitive to.
  dense: { x: "full", weight: "full", bias: "full" },
  denseBackwardData: { dy: "full", weight: "full" },
  denseBackwardWeight: { x: "full", dy: "full" },
  dropout: { x: "full", key: "index" },
  softmaxCrossEntropy: { logits: "full", labels: "index" },
  softmaxCrossEntropyBackward: { probabilities: "full", labels: "index", dLoss: "full" },
  stochasticDepth: { x: "activation", key: "index" },
  mixedTargets: { labels: "index", partners: "index", share: "full" },
  softCrossEntropy: { logits: "full", targets: "full" },
  softCrossEntropyBackward: { probabilities: "full", targets: "full", dLoss: "full" },
  binaryCrossEntropy: { logits: "full", targets: "full" },
  binaryCrossEntropyBackward: { logits: "full", targets: "full", dLoss: "full" },
  cast: { x: "any" },
  constant: {},
  quantize: { x: "full" },
  dequantize: { x: "byte" },
  quantizedConv2d: { x: "byte", weight: "signedByte", bias: "full", shortcut: "any" },
  weightedSum: "full",
  descend: { weight: "full", direction: "full", learningRate: "full" },
  adamDirection: { mean: "full", square: "full", update: "full" },
  trustRatio: { weight: "full", direction: "full" },
  clipFactor: { squaredNorm: "full" },
  scaleBy: { x: "full", factor: "full" },
  clamp: { x: "full" },
  movingAverage: { average: "full", value: "full", decay: "full" },
  sumOfSquares: "full",
  fused: "any", // its body is checked
};

/** The role of an operand. */
export const roleOf = (kind: OpKind, operand: string): OperandRole => {
  const roles: OperandRole | Readonly<Record<string, OperandRole>> = operandRoles[kind];
  return typeof roles === "string" ? roles : (roles[operand] ?? "any");
};

const expectedTypes = (
  role: OperandRole,
  dtype: ValueDType,
  activation: ValueDType | null,
  full: ValueDType | null,
): string | null => {
  if (role === "any") return null;
  if (role === "index") return "i32";
  if (role === "signedByte") return "i8";
  if (role === "byte") return dtype === "u8" ? "u8" : "i8";
  if (role === "activation") return activation;
  return activation === null ? full : fullTypes[activation];
};

/** Throws an Error that names the node, the operand, and the type that it should have. */
export const checkOperandTypes = <K extends OpKind>(kind: K, name: string, operands: Operands<K>): void => {
  const named: Readonly<Record<string, Value>> = operands;
  const all = Object.entries(named).map(([operand, value]) => ({ operand, value, role: roleOf(kind, operand) }));
  const activation = all.find(({ role }) => role === "activation")?.value.dtype ?? null;
  const first = all.find(({ role }) => role === "full")?.value.dtype ?? null;
  const full = first === null ? null : fullTypes[first];
  for (const { operand, value, role } of all) {
    const expected = expectedTypes(role, value.dtype, activation, full);
    if (expected === null || value.dtype === expected) continue;
    throw new Error(
      `${name}: its ${operand} ${value.name} is ${value.dtype} but ${kind} takes it as ${expected} here; cast it`,
    );
  }
};
