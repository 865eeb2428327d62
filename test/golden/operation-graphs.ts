// For each case of operations.golden.json, a graph that computes its results, forward and backward, from the operands as inputs.
// Backward operations are used as they are, with `dy` given: the gradient rules are checked by the networks' goldens.
import type { DType, FloatDType } from "../../src/base/dtype.ts";
import type {
  FeatureShape,
  FilterShape,
  ImageShape,
  MatrixShape,
  ScalarShape,
  Shape,
  VectorShape,
} from "../../src/base/shape.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import type { Graph } from "../../src/graph/graph.ts";
import type { Value } from "../../src/graph/value.ts";
import type { OperationCase, OperationCaseOf, OperationName } from "./fixtures.ts";

/** The builder, and the case's operands as inputs of the rank that an operation asks for. */
class Operands {
  readonly builder = new GraphBuilder();
  readonly #case: OperationCase;
  readonly #dtype: FloatDType;

  constructor(golden: OperationCase, dtype: FloatDType) {
    this.#case = golden;
    this.#dtype = dtype;
  }

  image(name: string): Value<ImageShape> {
    const [n = 0, c = 0, h = 0, w = 0] = this.#shape(name, 4);
    return this.#input(name, [n, c, h, w]);
  }
  filter(name: string): Value<FilterShape> {
    const [o = 0, i = 0, u = 0, v = 0] = this.#shape(name, 4);
    return this.#input(name, [o, i, u, v]);
  }
  features(name: string): Value<FeatureShape> {
    const [n = 0, c = 0] = this.#shape(name, 2);
    return this.#input(name, [n, c]);
  }
  matrix(name: string): Value<MatrixShape> {
    const [o = 0, i = 0] = this.#shape(name, 2);
    return this.#input(name, [o, i]);
  }
  vector(name: string, dtype: DType = this.#dtype): Value<VectorShape> {
    const [length = 0] = this.#shape(name, 1);
    return this.#input(name, [length], dtype);
  }
  /** A number that is no operand of the golden but one of its parameters. */
  scalar(name: string): Value<ScalarShape> {
    return this.builder.input(name, this.#dtype, []);
  }

  #shape(name: string, rank: number): Shape {
    const shape = this.#case.operands[name]?.shape;
    if (shape?.length !== rank) throw new Error(`the golden has no operand ${name} of rank ${rank}`);
    return shape;
  }
  #input<const S extends Shape>(name: string, shape: S, dtype: DType = this.#dtype): Value<S> {
    return this.builder.input(name, dtype, shape);
  }
}

type Results = Readonly<Record<string, Value>>;
const rules: { readonly [K in OperationName]: (golden: OperationCaseOf<K>, operands: Operands) => Results } = {
  conv2d: ({ params }, operands) => {
    const [x, weight, dy] = [operands.image("x"), operands.filter("weight"), operands.image("dy")];
    const { builder } = operands;
    return {
      ...builder.add("conv2d", "forward", { x, weight }, params),
      ...builder.add("conv2dBackwardData", "byData", { dy, weight }, { ...params, inputShape: x.shape }),
      ...builder.add("conv2dBackwardWeight", "byWeight", { x, dy }, { ...params, filterShape: weight.shape }),
    };
  },
  batchNormTrain: ({ params: { epsilon, momentum } }, operands) => {
    const [x, dy, scale, shift] = [
      operands.image("x"),
      operands.image("dy"),
      operands.vector("scale"),
      operands.vector("shift"),
    ];
    const { builder } = operands;
    const { y, mean, variance } = builder.add("batchNormTrain", "forward", { x, scale, shift }, { epsilon });
    const [batch, , height, width] = x.shape;
    const count = batch * height * width;
    const running = (name: string, measured: Value, correction: number): Value => {
      const coefficients = { old: 1 - momentum, measured: momentum * correction };
      return builder.add("weightedSum", `${name}.next`, { old: operands.vector(name), measured }, { coefficients }).y;
    };
    return {
      y,
      mean,
      variance,
      runningMean: running("runningMean", mean, 1),
      runningVariance: running("runningVariance", variance, count / (count - 1)),
      ...builder.add("batchNormBackward", "backward", { x, dy, scale, mean, variance }, { epsilon }),
    };
  },
  batchNormInference: ({ params }, operands) => {
    const [scale, shift] = [operands.vector("scale"), operands.vector("shift")];
    const [mean, variance] = [operands.vector("mean"), operands.vector("variance")];
    const x = operands.image("x");
    return { ...operands.builder.add("batchNormInference", "forward", { x, scale, shift, mean, variance }, params) };
  },
  maxPool: ({ params }, operands) => {
    const [x, dy] = [operands.image("x"), operands.image("dy")];
    const { y, argmax } = operands.builder.add("maxPool", "forward", { x }, params);
    const backward = { ...params, inputShape: x.shape };
    return { y, ...operands.builder.add("maxPoolBackward", "backward", { argmax, dy }, backward) };
  },
  averagePool: ({ params }, operands) => {
    const [x, dy] = [operands.image("x"), operands.image("dy")];
    return {
      ...operands.builder.add("averagePool", "forward", { x }, params),
      ...operands.builder.add("averagePoolBackward", "backward", { dy }, { ...params, inputShape: x.shape }),
    };
  },
  globalAveragePool: (_golden, operands) => {
    const [x, dy] = [operands.image("x"), operands.features("dy")];
    const [, , height, width] = x.shape;
    return {
      ...operands.builder.add("globalAveragePool", "forward", { x }, {}),
      ...operands.builder.add("globalAveragePoolBackward", "backward", { dy }, { size: [height, width] }),
    };
  },
  shortcutA: ({ params: { stride, before, after } }, operands) => {
    const [x, dy] = [operands.image("x"), operands.image("dy")];
    const { builder } = operands;
    const taken = builder.add("subsample", "taken", { x }, { stride }).y;
    const sliced = builder.add("sliceChannels", "sliced", { x: dy }, { start: before, count: x.shape[1] }).y;
    return {
      ...builder.add("padChannels", "padded", { x: taken }, { before, after }),
      ...builder.add("subsampleBackward", "backward", { dy: sliced }, { stride, inputShape: x.shape }),
    };
  },
  dense: (_golden, operands) => {
    const [x, dy] = [operands.features("x"), operands.features("dy")];
    const [weight, bias] = [operands.matrix("weight"), operands.vector("bias")];
    const { builder } = operands;
    return {
      ...builder.add("dense", "forward", { x, weight, bias }, {}),
      ...builder.add("denseBackwardData", "byData", { dy, weight }, {}),
      ...builder.add("denseBackwardWeight", "byWeight", { x, dy }, {}),
    };
  },
  softmaxCrossEntropy: ({ params }, operands) => {
    const [logits, labels] = [operands.features("logits"), operands.vector("labels", "i32")];
    const { builder } = operands;
    const { loss, probabilities } = builder.add("softmaxCrossEntropy", "forward", { logits, labels }, params);
    const dtype = logits.dtype === "f64" ? "f64" : "f32";
    const one = builder.add("constant", "one", {}, { value: 1, shape: [], dtype }).y;
    const dLoss: Value<ScalarShape> = { ...one, shape: [] };
    const backward = { probabilities, labels, dLoss };
    return { loss, probabilities, ...builder.add("softmaxCrossEntropyBackward", "backward", backward, params) };
  },
  // torch.optim.SGD: g ← gradient + λ·w;  v ← μ·v + g;  w ← w − η·v or, by Nesterov, w − η·(g + μ·v).
  sgd: ({ params: { momentum, nesterov, weightDecay } }, operands) => {
    const { builder } = operands;
    const learningRate = operands.scalar("learningRate");
    const results: Record<string, Value> = {};
    let weight: Value = operands.matrix("weight");
    let velocity: Value | null = null;
    for (const step of [0, 1, 2]) {
      const gradient = operands.matrix(`gradient${step}`);
      const sum = (name: string, values: Record<string, Value>, coefficients: Record<string, number>): Value =>
        builder.add("weightedSum", `${name}${step}`, values, { coefficients }).y;
      const decayed: Value = sum("decayed", { gradient, weight }, { gradient: 1, weight: weightDecay });
      velocity = velocity ? sum("velocity", { velocity, decayed }, { velocity: momentum, decayed: 1 }) : decayed;
      const direction: Value = nesterov
        ? sum("ahead", { decayed, velocity }, { decayed: 1, velocity: momentum })
        : velocity;
      weight = builder.add("descend", `weight${step + 1}.next`, { weight, direction, learningRate }, {}).y;
      results[`weight${step + 1}`] = weight;
    }
    return results;
  },
};

export interface OperationGraph {
  /** Its inputs are the case's operands and, for sgd, `learningRate`. */
  readonly graph: Graph;
  /** The golden's results by name: outputs of the graph. */
  readonly results: Results;
}

const applyRule = <K extends OperationName>(golden: OperationCaseOf<K>, operands: Operands): Results =>
  rules[golden.operation](golden, operands);

export const operationGraph = (golden: OperationCase, dtype: FloatDType): OperationGraph => {
  const operands = new Operands(golden, dtype);
  const results = applyRule(golden, operands);
  for (const value of Object.values(results)) operands.builder.output(value);
  return { graph: operands.builder.build(), results };
};
