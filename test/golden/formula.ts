// The formula that fills the weights, images and labels of the goldens, bit by bit as tools/goldens/formula.py does (which see).
// So that both sides agree, there is integer arithmetic modulo 2³², then one f64 expression rounded once to f32.
import { elementCount, type Shape } from "../../src/base/shape.ts";
import { type HostTensor, tensor } from "../../src/base/tensor.ts";

/** Raised with every change; the manifest says which one the fixtures were made with. */
export const formulaVersion = 2;

/** FNV-1a, 32 bits, of an ASCII string. */
export const fnv1a = (text: string): number => {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
};

/** MurmurHash3's 32-bit finaliser; the result may be negative. */
const mix = (value: number): number => {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
};

/** The hashes of elements 0 … count − 1 of a tensor. */
export const hashes = (seed: number | string, name: string, count: number): Uint32Array => {
  const key = fnv1a(`${seed}/${name}`);
  const drawn = new Uint32Array(count); // a loop: some networks have a hundred million weights
  for (let i = 0; i < count; i++) drawn[i] = mix(mix(i) ^ key);
  return drawn;
};

/** Values in [offset − scale, offset + scale). The scale is rounded to f32 first. */
export const uniform = (seed: number, name: string, shape: Shape, offset: number, scale: number): HostTensor<"f32"> => {
  const width = Math.fround(scale);
  const drawn = hashes(seed, name, elementCount(shape));
  const values = new Float32Array(drawn.length);
  for (let i = 0; i < values.length; i++) values[i] = offset + width * (((drawn[i]! >>> 8) - 2 ** 23) / 2 ** 23);
  return tensor("f32", shape, values);
};

/** Integers in offset … offset + below − 1. */
export const integers = (seed: number, name: string, count: number, below: number, offset = 0): Int32Array =>
  Int32Array.from(hashes(seed, name, count), (hash) => offset + (hash % below));

/** The elements of a tensor that a golden keeps: all of them where there are no more than `samples`, otherwise hashed ones. */
export const sampleIndices = (name: string, count: number, samples: number): readonly number[] =>
  count <= samples
    ? Array.from({ length: count }, (_, i) => i)
    : Array.from(hashes("samples", name, samples), (hash) => hash % count);

/** Where a parameter's or running statistic's values lie; the reasons stand in formula.py. */
const offsetAndScale = (name: string, shape: Shape): readonly [offset: number, scale: number] => {
  const inputs = elementCount(shape.slice(1));
  if (name.endsWith("running_mean")) return [0, 0.25];
  if (name.endsWith("running_var")) return [1, 0.5];
  if (shape.length === 4) return [0, Math.sqrt(6 / inputs)];
  if (shape.length === 2) return [0, Math.sqrt(1 / inputs)];
  if (name.endsWith("bias")) return [0, 0.5];
  return name.endsWith("bn3.weight") ? [0.125, 0.0625] : [0.5, 0.25];
};

/** Batch norms of a network in which no ReLU's input comes near 0; the reasons stand in formula.py. */
const calmNorm = (seed: number, name: string, shape: Shape, closing: string): HostTensor<"f32"> => {
  if (name.endsWith("weight")) return uniform(seed, name, shape, 0.1, 0.05);
  if (name.includes(`${closing}.`) || name.includes("downsample")) return uniform(seed, name, shape, 1, 0.25);
  const { data } = uniform(seed, name, shape, 0, 0.5);
  return tensor(
    "f32",
    shape,
    data.map((value) => value + (value >= 0 ? 1 : -1)),
  );
};

const isNormParameter = (name: string, shape: Shape): boolean =>
  shape.length === 1 && /(weight|bias)$/.test(name) && !name.startsWith("fc.");

/**
 * A parameter or running statistic, by its torchvision name. `closing` names the last batch norm of a block, where the
 * network is to be calm.
 */
export const stateTensor = (seed: number, name: string, shape: Shape, closing = ""): HostTensor<"f32"> =>
  closing !== "" && isNormParameter(name, shape)
    ? calmNorm(seed, name, shape, closing)
    : uniform(seed, name, shape, ...offsetAndScale(name, shape));

/** The images of a step, [N, C, H, W]: noise about a level of its own in each channel of each image. */
export const stepImages = (
  seed: number,
  step: number,
  shape: readonly [number, number, number, number],
): HostTensor<"f32"> => {
  const [batch, channels, height, width] = shape;
  const levels = uniform(seed, `images.${step}.levels`, [batch, channels, 1, 1], 0, 1).data;
  const images = uniform(seed, `images.${step}`, shape, 0, 1);
  for (let i = 0; i < images.data.length; i++) images.data[i]! += levels[Math.floor(i / (height * width))]!;
  return images;
};

/** The labels of a step, i32 [N]. */
export const stepLabels = (seed: number, step: number, batch: number, classes: number): HostTensor<"i32"> =>
  tensor("i32", [batch], integers(seed, `labels.${step}`, batch, classes));
