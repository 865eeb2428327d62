// The update, in the state's layout and mostly in place in its own memory: one `sum` for a momentum or a running statistic, one
// multiplication by −η that adds to the weight, so that a schedule rebuilds nothing.
import { invariant } from "../../../base/errors.ts";
import type { NodeOf } from "../../../graph/ops.ts";
import type { Value } from "../../../graph/value.ts";
import type { Plan } from "../../../plan/plan.ts";
import { slowCodeOf } from "../../slow-code.ts";
import type { Lowering } from "../lowering.ts";
import type { Physical } from "../physical.ts";

/** A value as `like` lies, as a vector. */
const alike = (context: Lowering, value: Value, like: Physical): Physical =>
  context.flat(
    like.layout === "plain" ? context.read(value) : context.readAs(value, like.descriptor, like.layout, like.shape),
  );

/** Memory for a result that lies as `like` does, as a vector. */
const resultAlike = (context: Lowering, value: Value, like: Physical): Physical =>
  context.flat(
    like.layout === "plain" ? context.result(value) : context.resultAs(value, like.descriptor, like.layout, like.shape),
  );

/** How a sum is to lie: as a state among its operands does, and else as the first of them. */
const patternOf = (context: Lowering, operands: readonly Value[]): Physical | undefined => {
  const physicals = operands.map((value) => context.asIs(value));
  return physicals.find(({ storage }) => storage.place.kind === "state") ?? physicals[0];
};

interface Term {
  readonly source: Physical;
  readonly coefficient: number;
}

/**
 * y ← y·c + a·d + b·e, a momentum with weight decay, as an addition that is accumulated: the library's sum takes 1.3 to 1.5 times as long
 * (docs/records/bf16-training.md).
 */
const addTwoInPlace = (context: Lowering, [first, a, b, ...more]: readonly Term[], to: Physical): boolean => {
  if (first?.source.storage !== to.storage || a === undefined || b === undefined || more.length > 0) return false;
  const primitive = context.describe({
    kind: "binary",
    operation: "add",
    a: a.source.descriptor,
    b: b.source.descriptor,
    y: to.descriptor,
    postOp: "accumulate",
    factors: [a.coefficient, b.coefficient, first.coefficient],
  });
  if (slowCodeOf(primitive.implementation) !== null) return false;
  context.call(primitive, [
    ["x", a.source],
    ["x1", b.source],
    ["y", to],
  ]);
  return true;
};

export const weightedSum = (context: Lowering, { operands, params, results: { y } }: NodeOf<"weightedSum">): void => {
  const entries = Object.entries(operands);
  const like = patternOf(context, Object.values(operands));
  invariant(like !== undefined, `${context.where} adds nothing`);
  const to = resultAlike(context, y, like);
  const terms = entries.map(([operand, value]) => ({
    source: alike(context, value, like),
    coefficient: params.coefficients[operand] ?? 0,
  }));
  // In place, the library wants the source that is also the result first.
  terms.sort((a, b) => Number(b.source.storage === to.storage) - Number(a.source.storage === to.storage));
  if (addTwoInPlace(context, terms, to)) return;
  const primitive = context.describe({
    kind: "sum",
    sources: terms.map(({ source }) => source.descriptor),
    coefficients: terms.map(({ coefficient }) => coefficient),
    y: to.descriptor,
  });
  context.call(primitive, [...terms.map(({ source }, i) => [{ source: i }, source] as const), ["y", to]]);
};

/** −η, computed once for all weights of a part. */
const negated = (context: Lowering, learningRate: Value): Physical => {
  const key = `${context.part} ${learningRate.name}`;
  const known = context.negated.get(key);
  if (known !== undefined) return known;
  const minus = context.temporary("minus the learning rate", context.dnnl.plain([1]), [1], "plain");
  context.negated.set(key, minus);
  context.script("negate", [context.read(learningRate), minus], ([rate, negative]) => {
    if (rate && negative) negative[0] = -(rate[0] ?? 0);
  });
  return minus;
};

export const descend = (
  context: Lowering,
  { operands: { weight, direction, learningRate }, results: { y } }: NodeOf<"descend">,
): void => {
  const like = context.asIs(weight);
  const old = alike(context, weight, like);
  const step = alike(context, direction, like);
  const target = resultAlike(context, y, like);
  if (target.storage !== old.storage) context.reorder(old, target);
  const minus = negated(context, learningRate);
  const primitive = context.describe({
    kind: "binary",
    operation: "multiply",
    a: step.descriptor,
    b: minus.descriptor,
    y: target.descriptor,
    postOp: "accumulate",
  });
  context.call(primitive, [
    ["x", step],
    ["x1", minus],
    ["y", target],
  ]);
};

/** Padding within blocks is zero, so the layout does not matter. */
export const sumOfSquares = (context: Lowering, { operands, results: { y } }: NodeOf<"sumOfSquares">): void => {
  const tensors = Object.values(operands).map((value) => context.asIs(value));
  context.script("sumOfSquares", [context.result(y), ...tensors], ([result, ...arrays]) => {
    let sum = 0;
    for (const array of arrays) for (let i = 0; i < array.length; i++) sum += array[i]! * array[i]!;
    if (result) result[0] = sum;
  });
};

/** Copies updates that could not be made in place into their states: the last calls of the part `update`. */
export const finishUpdates = (context: Lowering, { graph, order }: Plan): void => {
  for (const { state, value } of graph.updates) {
    const { place } = context.asIs(value).storage;
    if (place.kind === "state" && place.state === state.name) continue;
    context.enter({ name: `${state.name} (update)`, part: "update", index: order.length });
    context.reorder(context.read(value), context.asIs(state));
  }
};
