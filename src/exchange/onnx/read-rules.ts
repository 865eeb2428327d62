// What each ONNX operation becomes in the terms that residual networks need. Operations without a rule are refused by name.

import { transposed as turned } from "../keras/layouts.ts";
import type { SourceNode } from "../structure/source-graph.ts";
import { kernelOf, readPad, readSlice, spatialAxes, windowOf } from "./read-windows.ts";
import { type Activation, describeLayout, floatTypes, type Reading, type Rule, storedValue } from "./reading.ts";

/** The shortest decimal that is this f32: attributes are f32, and 0.00001 is meant where 0.000009999999747378752 is stored. */
export const shortestDecimal = (value: number): number => {
  for (let digits = 1; digits < 9; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === Math.fround(value)) return rounded;
  }
  return value;
};

const floatOf = (reading: Reading, name: string, usual: number): number =>
  shortestDecimal(reading.attribute(name, "float")?.value ?? usual);

const passOn: Rule = (reading) => {
  const value = reading.value(0);
  if (value === null) return reading.fail("has no input");
  if (value.kind === "activation") reading.pending();
  reading.becomes(value);
};

const average = (reading: Reading, x: Activation, layout: Activation["layout"]): void =>
  reading.add({ kind: "globalAveragePool", name: reading.label, inputs: [x.node] }, { layout, size: [1, 1] });

const isPixel = ({ size }: Activation): boolean => size?.[0] === 1 && size[1] === 1;

/** A map of one pixel, [N, C, 1, 1] or [N, 1, 1, C], as [N, C]. */
const toFeatures = (reading: Reading, x: Activation): void => {
  if (x.layout !== "features" && !isPixel(x)) {
    reading.fail("makes features of a map that wasn't averaged; in a ResNet a global average comes before");
  }
  reading.becomes({ ...x, layout: "features" });
};

/** A window of one pixel with a stride: every so many-th row and column. */
const subsampling = (reading: Reading, x: Activation): boolean => {
  if (kernelOf(reading) !== 1 || x.border !== null) return false;
  const { stride, padding } = windowOf(reading, x, 1);
  if (padding > 0) return false;
  reading.becomes({ ...x, strides: [x.strides[0] * stride, x.strides[1] * stride] });
  return true;
};

const addBias: (reading: Reading, x: Activation, input: number) => void = (reading, x, input) => {
  const value = reading.node.inputs[1 - input] ?? "";
  const node = reading.translation.nodes.get(x.node);
  const takes = node?.kind === "conv" || node?.kind === "dense";
  const alone = x.origin === value && reading.translation.readers.get(value) === 1;
  if (!takes || node.bias !== null || !alone) {
    return reading.fail(
      "adds a constant; only the bias of a convolution or a dense layer, right behind it, can be read",
    );
  }
  const length = node.weight.shape[0] ?? 0;
  const stored = reading.value(input);
  const dims = stored?.kind === "weights" ? stored.tensor.dims : [];
  // Channels stand third from the end in [N, C, H, W], last elsewhere.
  const place = x.layout === "NCHW" ? dims.length - 3 : dims.length - 1;
  const bias = dims[place] === length ? reading.vector(input, length) : null;
  if (bias === null) return reading.fail(`adds a constant that isn't one number for each of ${length} channels`);
  reading.translation.nodes.set(node.name, { ...node, bias });
  reading.becomes(x);
};

const add: Rule = (reading) => {
  const [a, b] = [reading.value(0), reading.value(1)];
  if (reading.node.inputs.length !== 2) reading.fail("has another number of operands than two");
  if (a?.kind !== "activation") return addBias(reading, reading.input(1), 0);
  if (b?.kind !== "activation") return addBias(reading, reading.input(0), 1);
  const [left, right] = [reading.input(0), reading.input(1)];
  if (left.layout !== right.layout) reading.fail(`adds ${describeLayout(left)} and ${describeLayout(right)}`);
  const node: SourceNode = { kind: "add", name: reading.label, inputs: [left.node, right.node] };
  reading.add(node, { layout: left.layout, size: left.size ?? right.size });
};

const softmax: Rule = (reading) => reading.becomes({ ...reading.input(), ended: true });

export const readRules: Readonly<Record<string, Rule>> = {
  Identity: passOn,
  Dropout: passOn,
  Cast: (reading) => {
    const to = reading.attribute("to", "int")?.value ?? 0;
    if (!floatTypes.includes(to))
      reading.fail(`makes numbers of type ${to}; only floating-point ones, f32 here, can be read`);
    passOn(reading);
  },
  Constant: (reading) => {
    const tensor = reading.attribute("value", "tensor")?.value;
    if (tensor) return reading.becomes(storedValue(tensor, reading.translation.file));
    const whole = reading.attribute("value_int", "int")?.value;
    const values = whole === undefined ? reading.attribute("value_ints", "ints")?.values : [whole];
    if (values === undefined) reading.fail("is of a type that no residual network here has");
    else reading.becomesNumbers({ dims: whole === undefined ? [values.length] : [], values });
  },
  Conv: (reading) => {
    const x = reading.window();
    const weight = reading.weight(1, 4);
    const [filters = 0, , height, width] = weight.shape;
    if (height === undefined || height !== width)
      reading.fail(`has filters of ${height}×${width}; a ResNet's are square`);
    const kernel = height ?? 1;
    const said = reading.attribute("kernel_shape", "ints")?.values ?? [kernel, kernel];
    if (said.some((size) => size !== kernel)) reading.fail("has filters of another size than its kernel_shape");
    if (x.border && x.border.value !== 0) reading.fail(`comes after a Pad with ${x.border.value}, not 0`);
    const { stride, padding, size } = windowOf(reading, x, kernel);
    const groups = reading.attribute("group", "int")?.value ?? 1;
    if (!(groups >= 1 && filters % groups === 0)) reading.fail(`has ${groups} groups of ${filters} filters`);
    const bias = reading.value(2) === null ? null : reading.weight(2, 1);
    if (bias && bias.data.length !== filters) reading.fail(`has ${bias.data.length} biases for ${filters} filters`);
    const node = { name: reading.label, inputs: [x.node], weight, bias, stride, padding, groups };
    reading.add({ kind: "conv", ...node }, { layout: "NCHW", size });
  },
  BatchNormalization: (reading) => {
    const x = reading.input();
    if (x.layout !== "NCHW") reading.fail(`takes ${describeLayout(x)}; only [N, C, H, W] can be read`);
    reading.only("training_mode", 0);
    reading.only("spatial", 1);
    const [scale, shift, mean, variance] = [1, 2, 3, 4].map((input) => reading.weight(input, 1));
    if (!scale || !shift || !mean || !variance) return reading.fail("has no statistics");
    const lengths = [shift, mean, variance].map(({ data }) => data.length);
    if (lengths.some((length) => length !== scale.data.length)) reading.fail("has statistics of different lengths");
    // ONNX' momentum is the weight of what was; 1 − 0.9 is to be 0.1.
    const momentum = Number((1 - floatOf(reading, "momentum", 0.9)).toPrecision(9));
    const statistics = { epsilon: floatOf(reading, "epsilon", 1e-5), momentum, scale, shift, mean, variance };
    const node: SourceNode = { kind: "batchNorm", name: reading.label, inputs: [x.node], ...statistics };
    reading.add(node, x);
  },
  Relu: (reading) => {
    const x = reading.input();
    reading.add({ kind: "relu", name: reading.label, inputs: [x.node] }, x);
  },
  MaxPool: (reading) => {
    const x = reading.window();
    if (subsampling(reading, x)) return;
    const { kernel, stride, padding, size } = windowOf(reading, x, kernelOf(reading));
    const { nodes } = reading.translation;
    const harmless = x.border === null || x.border.value === Number.NEGATIVE_INFINITY;
    if (!harmless && (x.border?.value !== 0 || nodes.get(x.node)?.kind !== "relu")) {
      reading.fail("pools over a border that may be larger than what it lies around, since no relu comes before");
    }
    const node: SourceNode = { kind: "maxPool", name: reading.label, inputs: [x.node], kernel, stride, padding };
    reading.add(node, { layout: x.layout, size });
  },
  AveragePool: (reading) => {
    const x = reading.window();
    if (subsampling(reading, x)) return;
    const values = reading.attribute("kernel_shape", "ints")?.values ?? [];
    const [height, width] = x.size ?? [];
    const sameSize = values.length === 2 && values[0] === height && values[1] === width;
    const pads = reading.attribute("pads", "ints")?.values ?? [];
    const automatic = reading.attribute("auto_pad", "string")?.value ?? "NOTSET";
    const isPadded = x.border !== null || pads.some((amount) => amount !== 0) || automatic.startsWith("SAME");
    if (!sameSize || isPadded) {
      const map = x.size === null ? "a map of a size that is left open" : `a map of ${x.size.join("×")}`;
      reading.fail(
        `averages windows of ${values.slice(0, 4).join("×")} over ${map}; only averages over the whole map can be read`,
      );
    }
    average(reading, x, "NCHW");
  },
  GlobalAveragePool: (reading) => {
    const x = reading.input();
    if (x.layout !== "NCHW") reading.fail(`takes ${describeLayout(x)}; only [N, C, H, W] can be read`);
    average(reading, x, "NCHW");
  },
  ReduceMean: (reading) => {
    const x = reading.input();
    const axes = (reading.numbers("axes", 1) ?? []).map((axis) => (axis < 0 ? axis + 4 : axis)).toSorted();
    if (axes.join() !== spatialAxes(reading, x).join()) reading.fail("averages over other axes than height and width");
    const keeps = (reading.attribute("keepdims", "int")?.value ?? 1) === 1;
    average(reading, x, keeps ? x.layout : "features");
  },
  Flatten: (reading) => {
    reading.only("axis", 1);
    toFeatures(reading, reading.input());
  },
  Reshape: (reading) => {
    const x = reading.input();
    const shape = reading.value(1);
    const wanted =
      reading.attribute("shape", "ints")?.values ?? (shape?.kind === "numbers" ? shape.numbers?.values : null);
    if (wanted && wanted.length !== 2) reading.fail(`makes ${wanted.length} axes; only [N, C] can be read`);
    toFeatures(reading, x);
  },
  Squeeze: (reading) => {
    const x = reading.input();
    const axes = (reading.numbers("axes", 1) ?? spatialAxes(reading, x)).map((axis) => (axis < 0 ? axis + 4 : axis));
    if (axes.toSorted().join() !== spatialAxes(reading, x).join())
      reading.fail("takes away other axes than height and width");
    toFeatures(reading, x);
  },
  Transpose: (reading) => {
    const value = reading.value(0);
    const perm = reading.attribute("perm", "ints")?.values.join() ?? "";
    if (value?.kind === "weights" && value.tensor.dims.length === 2 && (perm === "1,0" || perm === "")) {
      return reading.becomes({ ...value, transposed: !value.transposed });
    }
    const x = reading.pending();
    const [from, to] = perm === "0,3,1,2" ? (["NHWC", "NCHW"] as const) : (["NCHW", "NHWC"] as const);
    if ((perm !== "0,3,1,2" && perm !== "0,2,3,1") || x.layout !== from) {
      reading.fail(`orders the axes of ${describeLayout(x)} as [${perm}]; only channels first or last can be read`);
    }
    reading.becomes({ ...x, layout: to });
  },
  Gemm: (reading) => {
    const x = reading.input();
    if (x.layout !== "features") reading.fail(`takes ${describeLayout(x)}; only [N, C] can be read`);
    reading.only("transA", 0);
    for (const name of ["alpha", "beta"]) {
      if (floatOf(reading, name, 1) !== 1) reading.fail(`has ${name} ${floatOf(reading, name, 1)}; only 1 can be read`);
    }
    const given = reading.weight(1, 2);
    const isOutIn = (reading.attribute("transB", "int")?.value ?? 0) === 1;
    const weight = isOutIn ? given : turned(given);
    const out = weight.shape[0] ?? 0;
    const bias =
      reading.value(2) === null ? null : (reading.vector(2, out) ?? reading.fail(`has other than ${out} biases`));
    reading.add(
      { kind: "dense", name: reading.label, inputs: [x.node], weight, bias },
      { layout: "features", size: null },
    );
  },
  MatMul: (reading) => {
    const x = reading.input();
    if (x.layout !== "features") reading.fail(`takes ${describeLayout(x)}; only [N, C] can be read`);
    const node: SourceNode = {
      kind: "dense",
      name: reading.label,
      inputs: [x.node],
      weight: turned(reading.weight(1, 2)),
      bias: null,
    };
    reading.add(node, { layout: "features", size: null });
  },
  Add: add,
  Sum: add,
  Pad: readPad,
  Slice: readSlice,
  Softmax: softmax,
  LogSoftmax: softmax,
};
