// Depth costs no stack: every pass over a chain of 20,000 layers, forward and backward.
import { expect, test } from "vitest";
import { GraphBuilder } from "../graph/builder.ts";
import type { FusionRule } from "../graph/fusion-rule.ts";
import { printGraph } from "../graph/print.ts";
import type { HostValue, Value } from "../graph/value.ts";
import { verifyGraph } from "../graph/verify.ts";
import { makePlan } from "../plan/plan.ts";
import { differentiate } from "./differentiate.ts";
import { fuse } from "./fuse.ts";
import { addUpdate } from "./update.ts";

const depth = 20_000;
const addRelu: FusionRule = {
  name: "add+relu",
  links: [
    { kind: "add", through: null },
    { kind: "relu", through: "x" },
  ],
};

test(`passes take a chain of ${depth} layers`, { timeout: 120_000 }, () => {
  const builder = new GraphBuilder();
  const weights: HostValue[] = [];
  let x: Value = builder.input("x", "f32", [2, 3]);
  for (let i = 0; i < depth; i++) {
    const weight = builder.state(`layer${i}.weight`, "f32", [2, 3]);
    weights.push(weight);
    const sum = builder.add("add", `layer${i}.sum`, { a: x, b: weight }, {}).y;
    x = builder.add("relu", `layer${i}.relu`, { x: sum }, {}).y;
  }
  const labels = builder.input("labels", "i32", [2]);
  const logits = { ...x, shape: [2, 3] } as const;
  const { loss } = builder.add("softmaxCrossEntropy", "loss", { logits, labels }, { labelSmoothing: 0 });
  builder.output(loss);

  const { graph, gradients } = differentiate(builder.build(), loss, weights);
  const parameters = weights.map((weight) => ({ weight, gradient: gradients.get(weight.name)!, weightDecay: 1e-4 }));
  const step = addUpdate(graph, { parameters, optimizer: { kind: "sgd", momentum: 0.9, nesterov: false } });
  const fused = verifyGraph(fuse(step, [addRelu]));
  expect(fused.nodes.filter(({ kind }) => kind === "fused")).toHaveLength(depth);
  const plan = makePlan(fused);
  // Of each layer itself, its relu's gradient, its weight's velocity and descent; then loss, the gradient's seed, the loss'
  // gradient, three norms.
  expect(plan.order).toHaveLength(4 * depth + 6);
  expect(printGraph(fused).split("\n").length).toBeGreaterThan(plan.order.length);
});
