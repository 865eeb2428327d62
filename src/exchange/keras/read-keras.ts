// From a Keras model to the terms that residual networks need: paddings joined to the windows that they are for, filters and dense
// weights in our layouts, what does nothing when evaluating left out.
import { FormatError } from "../../base/errors.ts";
import { type HostTensor, type NamedTensors, tensor } from "../../base/tensor.ts";
import type { MapShape } from "../../spec/spec.ts";
import type { SourceGraph, SourceNode } from "../structure/source-graph.ts";
import { filtersFromKeras, transposed } from "./layouts.ts";
import { type KerasLayer, kerasLayers } from "./topology.ts";

type Weight = HostTensor<"f32">;

/** A layer under translation, with what it may ask about its surroundings. */
class Reading {
  readonly layer: KerasLayer;
  /** Nodes that this layer's inputs became, and the pixels of zeros that lie around each. */
  readonly inputs: readonly { readonly node: string; readonly zeros: number }[];
  readonly #tensors: NamedTensors;
  readonly #file: string;

  constructor(layer: KerasLayer, inputs: Reading["inputs"], tensors: NamedTensors, file: string) {
    this.layer = layer;
    this.inputs = inputs;
    this.#tensors = tensors;
    this.#file = file;
  }

  fail(problem: string): never {
    throw new FormatError(this.#file, `layer ${this.layer.name} (${this.layer.className}) ${problem}`);
  }

  /** The only value of a list such as [3, 3], or a number. */
  square(key: string): number {
    const value = this.layer.config[key];
    const numbers = Array.isArray(value) ? value : [value];
    const [first] = numbers;
    if (typeof first !== "number" || !numbers.every((number) => number === first)) {
      return this.fail(`has ${key} ${JSON.stringify(value)}; a ResNet's are square`);
    }
    return first;
  }

  number(key: string): number {
    const value = this.layer.config[key];
    return typeof value === "number" ? value : this.fail(`has ${key} ${JSON.stringify(value)}, not a number`);
  }

  /** A setting that must have one of these values, or be absent. */
  only(key: string, ...allowed: readonly unknown[]): void {
    const value = this.layer.config[key];
    if (value !== undefined && !allowed.some((other) => JSON.stringify(other) === JSON.stringify(value))) {
      this.fail(
        `has ${key} ${JSON.stringify(value)}; only ${allowed.map((one) => JSON.stringify(one)).join(" or ")} can be read`,
      );
    }
  }

  weight(name: string, rank: number): Weight {
    const full = `${this.layer.name}/${name}`;
    const found = this.#tensors.get(full);
    if (found === undefined) return this.fail(`has no weight ${full}`);
    const { dtype, shape, data } = found;
    if (dtype === "i32" || shape.length !== rank) {
      return this.fail(`has a weight ${full} of ${dtype} with ${shape.length} axes instead of ${rank}`);
    }
    return tensor("f32", shape, data instanceof Float32Array ? data : Float32Array.from(data));
  }

  /** Zeros on each side for a window: explicit ones before a "valid" layer, or those of "same" where they don't depend on the image. */
  padding(kernel: number, stride: number): number {
    const { zeros = 0 } = this.inputs[0] ?? {};
    this.only("padding", "valid", "same");
    if (this.layer.config.padding !== "same") return zeros;
    const symmetric = kernel === 1 || (stride === 1 && kernel % 2 === 1);
    if (!symmetric || zeros > 0)
      this.fail(`pads "same" with stride ${stride}, by amounts that depend on the image's size`);
    return (kernel - 1) / 2;
  }

  get input(): string {
    return this.inputs[0]?.node ?? "input";
  }
}

/** A node to add; a name to hand on (the layer does nothing of its own), perhaps with zeros around it; or an activation to add. */
type Translated = readonly SourceNode[] | { readonly node: string; readonly zeros: number };

const activation = (reading: Reading, name: string, of: string): readonly SourceNode[] => {
  const kind = reading.layer.config.activation ?? "linear";
  if (kind === "linear" || kind === "softmax") return []; // logits are what a spec's network gives
  if (kind !== "relu") return reading.fail(`has the activation ${JSON.stringify(kind)}; a ResNet's is relu`);
  return [{ kind: "relu", name, inputs: [of] }];
};

const channelsLast = (reading: Reading): void => reading.only("data_format", "channels_last", null);
const passOn = (reading: Reading): Translated => ({ node: reading.input, zeros: 0 });

const rules: Readonly<Record<string, (reading: Reading) => Translated>> = {
  InputLayer: () => ({ node: "input", zeros: 0 }),
  ZeroPadding2D: (reading) => {
    channelsLast(reading);
    const { padding } = reading.layer.config;
    const amounts = Array.isArray(padding) ? padding.flat() : [padding];
    const [amount] = amounts;
    if (typeof amount !== "number" || !amounts.every((other) => other === amount)) {
      return reading.fail(`pads by ${JSON.stringify(padding)}; only the same amount on all sides can be read`);
    }
    return { node: reading.input, zeros: amount };
  },
  Conv2D: (reading) => {
    channelsLast(reading);
    reading.only("dilation_rate", [1, 1], 1);
    const { layer } = reading;
    const [kernel, stride] = [reading.square("kernel_size"), reading.square("strides")];
    const groups = layer.config.groups === undefined ? 1 : reading.number("groups");
    const weight = filtersFromKeras(reading.weight("kernel", 4));
    if (weight.shape[2] !== kernel || weight.shape[3] !== kernel)
      reading.fail("has a kernel of another size than it says");
    const bias = layer.config.use_bias === false ? null : reading.weight("bias", 1);
    const padding = reading.padding(kernel, stride);
    const conv = { name: layer.name, inputs: [reading.input], weight, bias, stride, padding, groups };
    return [{ kind: "conv", ...conv }, ...activation(reading, `${layer.name}/activation`, layer.name)];
  },
  BatchNormalization: (reading) => {
    const { name, config } = reading.layer;
    reading.only("axis", [3], 3, -1);
    const [mean, variance] = [reading.weight("moving_mean", 1), reading.weight("moving_variance", 1)];
    const constant = (value: number): Weight =>
      tensor("f32", mean.shape, new Float32Array(mean.data.length).fill(value));
    const scale = config.scale === false ? constant(1) : reading.weight("gamma", 1);
    const shift = config.center === false ? constant(0) : reading.weight("beta", 1);
    // Keras' momentum is the weight of what was; 1 − 0.99 is to be 0.01.
    const momentum = Number((1 - reading.number("momentum")).toPrecision(12));
    const norm = { epsilon: reading.number("epsilon"), momentum, scale, shift, mean, variance };
    return [{ kind: "batchNorm", name, inputs: [reading.input], ...norm }];
  },
  Activation: (reading) => {
    const made = activation(reading, reading.layer.name, reading.input);
    return made.length > 0 ? made : passOn(reading);
  },
  ReLU: (reading) => {
    reading.only("max_value", null);
    reading.only("negative_slope", 0, [0]);
    reading.only("threshold", 0, [0]);
    return [{ kind: "relu", name: reading.layer.name, inputs: [reading.input] }];
  },
  MaxPooling2D: (reading) => {
    channelsLast(reading);
    const [kernel, stride] = [reading.square("pool_size"), reading.square("strides")];
    const padding = reading.padding(kernel, stride);
    return [{ kind: "maxPool", name: reading.layer.name, inputs: [reading.input], kernel, stride, padding }];
  },
  Add: ({ layer, inputs }) => [{ kind: "add", name: layer.name, inputs: inputs.map(({ node }) => node) }],
  GlobalAveragePooling2D: (reading) => {
    channelsLast(reading);
    reading.only("keepdims", false);
    return [{ kind: "globalAveragePool", name: reading.layer.name, inputs: [reading.input] }];
  },
  Dropout: passOn,
  Dense: (reading) => {
    const { name, config } = reading.layer;
    const weight = transposed(reading.weight("kernel", 2));
    const bias = config.use_bias === false ? null : reading.weight("bias", 1);
    const dense: SourceNode = { kind: "dense", name, inputs: [reading.input], weight, bias };
    return [dense, ...activation(reading, `${name}/activation`, name)];
  },
};

const inputShape = ({ config }: KerasLayer): MapShape | null => {
  const shape = config.batch_input_shape ?? config.batch_shape;
  if (!Array.isArray(shape)) return null;
  const [, height, width, channels] = shape;
  const known = [height, width, channels].every((size) => Number.isInteger(size) && size > 0);
  return known ? [Number(channels), Number(height), Number(width)] : null;
};

/**
 * The graph of a Keras model. A pool's zeros stand for −∞ only where nothing below 0 comes in, that is, behind a relu; elsewhere it
 * is refused. Throws FormatError with the layer, for every layer and setting that no residual network of ours has.
 */
export const readKeras = (topology: unknown, tensors: NamedTensors, file: string): SourceGraph => {
  const made = new Map<string, { readonly node: string; readonly zeros: number }>();
  const nodes = new Map<string, SourceNode>();
  let input: MapShape | null = null;
  for (const layer of kerasLayers(topology, file)) {
    const inputs = layer.inputs.map((name) => {
      const found = made.get(name);
      if (found === undefined)
        throw new FormatError(file, `layer ${layer.name} reads ${name}, which no earlier layer is`);
      return found;
    });
    const rule = Object.hasOwn(rules, layer.className) ? rules[layer.className] : undefined;
    const reading = new Reading(layer, inputs, tensors, file);
    if (!rule) return reading.fail("is of a kind that no residual network here has");
    input ??= inputShape(layer);
    const translated = rule(reading);
    if (!("length" in translated)) {
      if (inputs.some(({ zeros }) => zeros > 0)) reading.fail("comes after zeros that are for a convolution or a pool");
      made.set(layer.name, translated);
      continue;
    }
    const [own] = translated;
    if (inputs.some(({ zeros }) => zeros > 0) && own?.kind !== "conv" && own?.kind !== "maxPool") {
      reading.fail("comes after zeros that are for a convolution or a pool");
    }
    for (const node of translated) {
      if (node.kind === "maxPool" && node.padding > 0 && nodes.get(reading.input)?.kind !== "relu") {
        reading.fail("pools over zeros that may be larger than what they lie around, since no relu comes before");
      }
      if (nodes.has(node.name)) reading.fail("has the name of an earlier layer");
      nodes.set(node.name, node);
      made.set(layer.name, { node: node.name, zeros: 0 });
    }
  }
  return { file, input, nodes: [...nodes.values()] };
};
