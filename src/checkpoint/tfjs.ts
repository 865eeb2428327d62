// Weights of tfjs layers-format models: bytes of shards <-> named tensors. Containers only: filters stay as Keras has them
// (kernel height, kernel width, in, out), and what the names mean is exchange's business. Files: node/tfjs-folder.ts.
import { arrayView } from "../base/dtype.ts";
import { FormatError, UsageError } from "../base/errors.ts";
import { f16BitsToF32Bits } from "../base/f16.ts";
import { elementCount, type Shape } from "../base/shape.ts";
import { type HostTensor, type NamedTensors, tensor } from "../base/tensor.ts";
import { overflowRefusal, type StoredFloat, writeElements } from "./stored-elements.ts";
import { type TfjsGroup, type TfjsManifest, type TfjsStored, type TfjsWeight, tfjsBytes } from "./tfjs-manifest.ts";

/** A model in memory. */
export interface TfjsModel {
  /** What Keras calls the topology: layers with their settings, plain JSON. */
  readonly topology: unknown;
  readonly tensors: NamedTensors;
  /** Texts of ours, kept in `userDefinedMetadata.residual`, which others ignore. */
  readonly metadata: Readonly<Record<string, string>>;
}

const word = new DataView(new ArrayBuffer(4));
/** IEEE binary16 to number: exact, subnormals, infinities and NaN included. */
const fromHalf = (bits: number): number => {
  word.setUint32(0, f16BitsToF32Bits(bits));
  return word.getFloat32(0);
};

const readers: { readonly [S in TfjsStored]: (view: DataView, offset: number) => number } = {
  float32: (view, offset) => view.getFloat32(offset, true),
  float16: (view, offset) => fromHalf(view.getUint16(offset, true)),
  int32: (view, offset) => view.getInt32(offset, true),
  bool: (view, offset) => view.getUint8(offset),
  uint8: (view, offset) => view.getUint8(offset),
  uint16: (view, offset) => view.getUint16(offset, true),
};

/** Stored bytes to values: stored · scale + min in f64, rounded once (to f32, or to the nearest integer), as tfjs does. */
const readWeight = ({ shape, kind, stored, quantisation, begin, end }: TfjsWeight, group: Uint8Array): HostTensor => {
  const bytes = group.subarray(begin, end);
  if (stored === "float32" && quantisation === null) {
    const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
    return tensor("f32", shape, arrayView("f32", aligned.buffer, aligned.byteOffset, bytes.length / 4));
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const { scale, min } = quantisation ?? { scale: 1, min: 0 };
  const [read, step] = [readers[stored], tfjsBytes[stored]];
  const count = elementCount(shape);
  const data = kind === "float" ? new Float32Array(count) : new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const value = read(view, i * step) * scale + min;
    data[i] = kind === "float" ? value : Math.round(value);
  }
  return data instanceof Float32Array ? tensor("f32", shape, data) : tensor("i32", shape, data);
};

/**
 * The weights of one group, whose shards `bytes` are, end to end. Unquantised float32 is not copied (where its address allows
 * it); float16 and quantised weights become f32; int32, bool and unsigned integers i32. Throws FormatError where the length is
 * not what the manifest says.
 */
export const tfjsGroupTensors = (group: TfjsGroup, bytes: Uint8Array, file: string): NamedTensors => {
  if (bytes.length !== group.bytes) {
    const shards = group.paths.length === 1 ? group.paths[0] : `${group.paths[0]} and ${group.paths.length - 1} more`;
    throw new FormatError(file, `its weights take ${group.bytes} bytes but ${shards} have ${bytes.length}`);
  }
  return new Map(group.weights.map((weight) => [weight.name, readWeight(weight, bytes)]));
};

/** A whole model, from a function that gives the bytes of a shard. Throws FormatError as tfjsGroupTensors. */
export const tfjsModel = (
  { topology, groups, metadata }: TfjsManifest,
  shard: (path: string) => Uint8Array,
  file: string,
): TfjsModel => {
  const tensors = new Map<string, HostTensor>();
  for (const group of groups) {
    const parts = group.paths.map(shard);
    const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let offset = 0;
    for (const part of parts) {
      bytes.set(part, offset);
      offset += part.length;
    }
    for (const [name, read] of tfjsGroupTensors(group, bytes, file)) tensors.set(name, read);
  }
  return { topology, tensors, metadata };
};

/** One file of a model, in pieces to be written one after another. */
export interface TfjsFile {
  readonly path: string;
  readonly parts: readonly Uint8Array[];
}

/** tfjs' own: small enough for browsers to cache. */
const shardBytes = 4 * 2 ** 20;

/** The pieces [begin, end) of a list of byte arrays laid end to end. */
const slice = (arrays: readonly Uint8Array[], begin: number, end: number): readonly Uint8Array[] => {
  const parts: Uint8Array[] = [];
  let start = 0;
  for (const array of arrays) {
    const [from, to] = [Math.max(begin - start, 0), Math.min(end - start, array.length)];
    if (from < to) parts.push(array.subarray(from, to));
    start += array.length;
  }
  return parts;
};

interface WrittenWeight {
  readonly name: string;
  readonly shape: Shape;
  readonly dtype: "float32";
  /** Halves are a kind of quantisation there; they are read as float32. */
  readonly quantization?: { readonly dtype: "float16" };
}

/**
 * A model as files: model.json last, and shards of 4 MiB with the weights as float32, of which nothing is copied, or as halves.
 * Throws UsageError for tensors that are not f32, for bf16, which tfjs doesn't know, and for a number that no half can hold.
 */
export const tfjsFiles = (
  { topology, tensors, metadata }: TfjsModel,
  floats: StoredFloat = "f32",
): readonly TfjsFile[] => {
  if (floats === "bf16") throw new UsageError("a tfjs model can't hold bf16; store f32 or f16");
  const weights: WrittenWeight[] = [];
  const arrays: Uint8Array[] = [];
  for (const [name, given] of tensors) {
    const { dtype, shape } = given;
    if (dtype !== "f32") throw new UsageError(`${name} is ${dtype}; a tfjs model is written in f32: convert it first`);
    const halves = floats === "f16" && ({ quantization: { dtype: "float16" } } as const);
    weights.push({ name, shape, dtype: "float32", ...halves });
    arrays.push(writeElements(given, floats, overflowRefusal(name, floats)));
  }
  const bytes = arrays.reduce((sum, array) => sum + array.length, 0);
  const count = Math.max(1, Math.ceil(bytes / shardBytes));
  const shards = Array.from({ length: count }, (_, i) => ({
    path: `group1-shard${i + 1}of${count}.bin`,
    parts: slice(arrays, i * shardBytes, (i + 1) * shardBytes),
  }));
  const model = {
    format: "layers-model",
    generatedBy: "residual",
    modelTopology: topology,
    weightsManifest: [{ paths: shards.map(({ path }) => path), weights }],
    ...(Object.keys(metadata).length > 0 && { userDefinedMetadata: { residual: metadata } }),
  };
  return [...shards, { path: "model.json", parts: [new TextEncoder().encode(JSON.stringify(model))] }];
};
