import { describe, expect, test } from "vitest";
import { FormatError, UsageError } from "../base/errors.ts";
import { type HostTensor, tensor, zeros } from "../base/tensor.ts";
import { type TfjsModel, tfjsFiles, tfjsModel } from "./tfjs.ts";
import { parseTfjsManifest } from "./tfjs-manifest.ts";

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const manifest = (weights: unknown, paths: unknown = ["a.bin"]): Uint8Array =>
  json({ modelTopology: { x: 1 }, weightsManifest: [{ paths, weights }] });
const refusal = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof FormatError || error instanceof UsageError) return error.message;
    throw error;
  }
  return "accepted";
};
const read = (weights: unknown, bytes: Uint8Array): ReadonlyMap<string, HostTensor> =>
  tfjsModel(parseTfjsManifest(manifest(weights), "model.json"), () => bytes, "model.json").tensors;
const joined = (parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(parts.flatMap((part) => [...part]));

const model: TfjsModel = {
  topology: { class_name: "Model" },
  tensors: new Map([
    ["conv1/kernel", tensor("f32", [1, 1, 2, 2], Float32Array.of(1, -2, 3e38, 0.1))],
    ["fc/bias", tensor("f32", [3], Float32Array.of(5, 6, 7))],
  ]),
  metadata: { classes: '["a"]' },
};

describe("tfjsFiles(model)", () => {
  test("writes what is read back bit for bit", () => {
    const files = new Map(tfjsFiles(model).map(({ path, parts }) => [path, joined(parts)]));
    const parsed = parseTfjsManifest(files.get("model.json") ?? new Uint8Array(), "model.json");
    expect(tfjsModel(parsed, (path) => files.get(path) ?? new Uint8Array(), "model.json")).toEqual(model);
  });

  test("cuts shards at 4 MiB, through weights, without copying them", () => {
    const big = zeros("f32", [2 ** 20 + 7]);
    big.data[2 ** 20] = 9;
    const files = tfjsFiles({ ...model, tensors: new Map([...model.tensors, ["big", big]]) });
    expect(files.map(({ path }) => path)).toEqual(["group1-shard1of2.bin", "group1-shard2of2.bin", "model.json"]);
    const shards = new Map(files.map(({ path, parts }) => [path, parts]));
    const length = (path: string) => shards.get(path)?.reduce((sum, part) => sum + part.length, 0);
    expect(length("group1-shard1of2.bin")).toBe(2 ** 22);
    expect(length("group1-shard2of2.bin")).toBe(14 * 4);
    expect(shards.get("group1-shard2of2.bin")?.[0]?.buffer).toBe(big.data.buffer);
  });

  test("refuses what isn't f32", () => {
    const tensors = new Map([["n", zeros("i32", [1])]]);
    expect(refusal(() => tfjsFiles({ ...model, tensors }))).toBe(
      "n is i32; a tfjs model is written in f32: convert it first",
    );
  });
});

describe("tfjsModel(manifest, shard, file)", () => {
  test("reads weights that were quantised to bytes, as stored · scale + min", () => {
    const quantization = { dtype: "uint8", scale: 0.5, min: -1 };
    const weights = [
      { name: "w", shape: [3], dtype: "float32", quantization },
      { name: "n", shape: [2], dtype: "int32", quantization },
    ];
    const tensors = read(weights, Uint8Array.of(0, 1, 255, 4, 255));
    expect(tensors.get("w")).toEqual(tensor("f32", [3], Float32Array.of(-1, -0.5, 126.5)));
    expect(tensors.get("n")).toEqual(tensor("i32", [2], Int32Array.of(1, 127)));
  });

  test("reads 16-bit integers and halves, at odd addresses", () => {
    const weights = [
      { name: "b", shape: [1], dtype: "bool" },
      { name: "q", shape: [1], dtype: "float32", quantization: { dtype: "uint16", scale: 2, min: 1 } },
      { name: "h", shape: [5], dtype: "float32", quantization: { dtype: "float16" } },
      { name: "f", shape: [1], dtype: "float32" },
    ];
    // Halves: 1, −2, the smallest subnormal 2⁻²⁴, infinity, and 65504, the largest.
    const halves = [0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00, 0x00, 0x7c, 0xff, 0x7b];
    const tensors = read(weights, Uint8Array.of(1, 0x01, 0x02, ...halves, 0, 0, 0x80, 0x3f));
    expect([...(tensors.get("b")?.data ?? [])]).toEqual([1]);
    expect([...(tensors.get("q")?.data ?? [])]).toEqual([0x201 * 2 + 1]);
    expect([...(tensors.get("h")?.data ?? [])]).toEqual([1, -2, 2 ** -24, Infinity, 65504]);
    expect([...(tensors.get("f")?.data ?? [])]).toEqual([1]);
  });

  test("refuses shards that are too short or too long", () => {
    const weights = [{ name: "w", shape: [2], dtype: "float32" }];
    for (const length of [7, 9]) {
      expect(refusal(() => read(weights, new Uint8Array(length)))).toBe(
        `model.json: its weights take 8 bytes but a.bin have ${length}`,
      );
    }
  });
});

describe("parseTfjsManifest(json, file)", () => {
  const weight = { name: "w", shape: [1], dtype: "float32" };
  const parse = (bytes: Uint8Array): string => refusal(() => parseTfjsManifest(bytes, "model.json"));

  test.each(["../w.bin", "/etc/w.bin", "a/../../w.bin", "C:w.bin", "a\\b", "http://x/w.bin", "", "a//b", "./a", "a\0"])(
    "refuses the shard %j",
    (path) => {
      const shown = JSON.stringify(path);
      expect(parse(manifest([weight], [path]))).toBe(`model.json: the shard ${shown} lies outside the model's folder`);
    },
  );

  test("takes shards in folders below", () => expect(parse(manifest([weight], ["a/b..c.bin"]))).toBe("accepted"));

  test("names what is wrong", () => {
    expect(parse(json({ modelTopology: {} }))).toContain("model.json: is not a tfjs layers model: weightsManifest: ");
    expect(parse(Uint8Array.of(0x7b))).toBe("model.json: is not valid JSON in UTF-8");
    expect(parse(manifest([weight, weight]))).toBe('model.json: the weight "w" is listed twice');
    expect(parse(manifest([weight], ["a", "a"]))).toBe('model.json: the shard "a" is listed twice');
    expect(parse(manifest([{ ...weight, dtype: "string" }]))).toContain("weightsManifest.0.weights.0.dtype");
    expect(parse(manifest([{ ...weight, shape: [2.5] }]))).toContain("weightsManifest.0.weights.0.shape.0");
    expect(parse(manifest([{ ...weight, shape: [2 ** 40, 2 ** 40] }]))).toBe(
      `model.json: the weight "w" [${2 ** 40}, ${2 ** 40}] is larger than any file`,
    );
    expect(parse(manifest([{ ...weight, quantization: { dtype: "uint8" } }]))).toBe(
      'model.json: weight "w" is quantised to uint8 without scale and min',
    );
  });
});
