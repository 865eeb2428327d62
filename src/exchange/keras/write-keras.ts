// From a network of ours to a Keras model: a topology (Keras 2's, which Keras and tfjs read) and its weights, in Keras' layouts.
// Layers are called as here, torchvision's names. Windows with a stride get a ZeroPadding2D of their own, since "same" would pad by
// amounts that depend on the image.
import { UsageError } from "../../base/errors.ts";
import { type HostTensor, type NamedTensors, tensor } from "../../base/tensor.ts";
import { type Layer, type LayerKind, layersOf } from "../../spec/layers.ts";
import type { ResNetSpec, Sides } from "../../spec/spec.ts";
import { filtersToKeras, transposed } from "./layouts.ts";

type Weight = HostTensor<"f32">;
type Config = Readonly<Record<string, unknown>>;

class Writing {
  readonly layers: unknown[] = [];
  readonly tensors = new Map<string, Weight>();
  readonly spec: ResNetSpec;
  readonly #given: NamedTensors;

  constructor(spec: ResNetSpec, given: NamedTensors) {
    this.spec = spec;
    this.#given = given;
  }

  add(className: string, name: string, inputs: readonly string[], config: Config): void {
    const links = inputs.length === 0 ? [] : [inputs.map((input) => [input, 0, 0, {}])];
    this.layers.push({
      name,
      class_name: className,
      config: { name, trainable: true, ...config },
      inbound_nodes: links,
    });
  }

  weight(name: string): Weight {
    const given = this.#given.get(name);
    if (given === undefined) throw new UsageError(`${this.spec.name}: the tensor ${name} is missing`);
    return tensor("f32", given.shape, given.data instanceof Float32Array ? given.data : Float32Array.from(given.data));
  }

  /** Adds explicit zeros where there are any; returns what the window then reads. */
  padded(name: string, x: string, padding: number): string {
    if (padding === 0) return x;
    const sides = [padding, padding];
    this.add("ZeroPadding2D", `${name}.pad`, [x], { padding: [sides, sides], data_format: "channels_last" });
    return `${name}.pad`;
  }
}

const refuse = ({ name, kind }: Layer, { spec }: Writing, reason: string): never => {
  throw new UsageError(
    `${spec.name}: ${name} (${kind}) can't be written as a Keras model: ${reason}; write safetensors or ONNX`,
  );
};
/** Zeros on each side, which are to be alike: those of an even kernel, or of "same" with a stride, aren't. */
const paddingOf = (layer: Layer & { readonly padding: Sides }, writing: Writing): number => {
  const { top, left, bottom, right } = layer.padding;
  const alike = top === left && top === bottom && top === right;
  return alike ? top : refuse(layer, writing, "only windows with the same padding on all sides are");
};
const modulated = "only shortcuts that are added as they are can be";
const windowSettings = { data_format: "channels_last", padding: "valid" };

const rules: { readonly [K in LayerKind]: (layer: Layer<K>, writing: Writing) => void } = {
  conv: (layer, writing) => {
    const { name, x, outChannels, kernel, stride, groups, bias } = layer;
    const padding = paddingOf(layer, writing);
    if (groups > 1) refuse(layer, writing, "tfjs has no grouped convolutions");
    const config = {
      filters: outChannels,
      kernel_size: [kernel, kernel],
      strides: [stride, stride],
      use_bias: bias !== null,
    };
    const same = stride === 1 && 2 * padding === kernel - 1;
    const from = same ? x : writing.padded(name, x, padding);
    const settings = {
      ...windowSettings,
      padding: same ? "same" : "valid",
      dilation_rate: [1, 1],
      activation: "linear",
    };
    writing.add("Conv2D", name, [from], { ...config, ...settings });
    writing.tensors.set(`${name}/kernel`, filtersToKeras(writing.weight(`${name}.weight`)));
    if (bias !== null) writing.tensors.set(`${name}/bias`, writing.weight(`${name}.bias`));
  },
  batchNorm: ({ name, x }, writing) => {
    const { epsilon, momentum } = writing.spec.batchNorm;
    const kept = Number((1 - momentum).toPrecision(12)); // Keras' momentum is the weight of what was
    writing.add("BatchNormalization", name, [x], { axis: [3], momentum: kept, epsilon, center: true, scale: true });
    for (const [theirs, ours] of [
      ["gamma", "weight"],
      ["beta", "bias"],
      ["moving_mean", "running_mean"],
      ["moving_variance", "running_var"],
    ]) {
      writing.tensors.set(`${name}/${theirs}`, writing.weight(`${name}.${ours}`));
    }
  },
  relu: ({ name, x }, writing) => writing.add("Activation", name, [x], { activation: "relu" }),
  maxPool: (layer, writing) => {
    const { name, x, kernel, stride } = layer;
    const padding = paddingOf(layer, writing);
    if (padding > 0 && writing.spec.stem?.activated === false) {
      refuse(layer, writing, "its pools pad with zeros, and no relu comes before this one");
    }
    const config = { pool_size: [kernel, kernel], strides: [stride, stride], ...windowSettings };
    writing.add("MaxPooling2D", name, [writing.padded(name, x, padding)], config);
  },
  zeroPad: (layer, writing) => refuse(layer, writing, "it has no layer that adds channels of zeros"),
  extend: (layer, writing) => refuse(layer, writing, "it has no layer that adds rows of zeros to one path"),
  add: ({ name, a, b }, writing) => writing.add("Add", name, [a, b], {}),
  multiply: (layer, writing) => refuse(layer, writing, modulated),
  sigmoid: (layer, writing) => refuse(layer, writing, modulated),
  affine: (layer, writing) => refuse(layer, writing, modulated),
  averagePool: (layer, writing) => refuse(layer, writing, "averages are, but only over whole maps"),
  flatten: (layer, writing) => refuse(layer, writing, "only networks of convolutions are"),
  globalAveragePool: ({ name, x }, writing) => {
    writing.add("GlobalAveragePooling2D", name, [x], { data_format: "channels_last" });
  },
  dropout: ({ name, x, fraction }, writing) => writing.add("Dropout", name, [x], { rate: fraction }),
  dense: (layer, writing) => {
    const { name, x, outFeatures, bias } = layer;
    if (!bias) refuse(layer, writing, "only dense layers with a bias are");
    writing.add("Dense", name, [x], { units: outFeatures, activation: "softmax", use_bias: true });
    writing.tensors.set(`${name}/kernel`, transposed(writing.weight(`${name}.weight`)));
    writing.tensors.set(`${name}/bias`, writing.weight(`${name}.bias`));
  },
};

const write = <K extends LayerKind>(layer: Layer<K>, writing: Writing): void => {
  const rule: (layer: Layer<K>, writing: Writing) => void = rules[layer.kind];
  rule(layer, writing);
};

export interface KerasModel {
  readonly topology: unknown;
  readonly tensors: NamedTensors;
}

/**
 * The network as a Keras model that gives probabilities (softmax), as Keras' own do. Read back, it is the same network with the
 * same bits (biases of convolutions go into the running means unless its spec is given), but for what only training asks:
 * initialisation, zeroLastGamma, batchNorm.runningVariance, dropouts. Throws UsageError, with the layer, for what tfjs' layers can't
 * say (grouped convolutions, channels of zeros, a padded pool that no relu comes before) and for what isn't written: gates and
 * scaled paths, averages over windows, sides padded unlike, dense blocks.
 */
export const writeKeras = (spec: ResNetSpec, tensors: NamedTensors): KerasModel => {
  const writing = new Writing(spec, tensors);
  const [channels, height, width] = spec.input;
  const input = { batch_input_shape: [null, height, width, channels], dtype: "float32", sparse: false };
  writing.add("InputLayer", "input", [], input);
  const layers = layersOf(spec);
  for (const layer of layers) write(layer, writing);
  const config = {
    name: spec.name.replaceAll(/[^A-Za-z0-9_]/g, "_"),
    layers: writing.layers,
    input_layers: [["input", 0, 0]],
    output_layers: [[layers.at(-1)?.name, 0, 0]],
  };
  const model = { class_name: "Model", config };
  return { topology: { keras_version: "2.2.4", backend: "tensorflow", model_config: model }, tensors: writing.tensors };
};
