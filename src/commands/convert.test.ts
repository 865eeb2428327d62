import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { allocate, type DType } from "../base/dtype.ts";
import { UsageError } from "../base/errors.ts";
import { elementCount } from "../base/shape.ts";
import { type HostTensor, type NamedTensors, scalar, tensor } from "../base/tensor.ts";
import { openTensors } from "../checkpoint/node/open-tensors.ts";
import { writeTensorsFile } from "../checkpoint/node/tensors-file.ts";
import { writeTfjsFolder } from "../checkpoint/node/tfjs-folder.ts";
import { writers } from "../checkpoint/write-formats.ts";
import { writeKeras } from "../exchange/keras/keras.ts";
import { fromTorchvision } from "../exchange/names/rename.ts";
import { randomNetwork } from "../exchange/structure/random-network.test.fixture.ts";
import { initialTensors } from "../model/initial-tensors.ts";
import { countParameters } from "../spec/counts.ts";
import { resnet } from "../spec/named-networks.ts";
import { chooseModel } from "./choose-model.ts";
import { convert } from "./convert.ts";
import { modelMetadata, type TrainedModel } from "./trained-model.ts";

let cwd = "";
beforeEach(async () => {
  cwd = await fs.mkdtemp(join(tmpdir(), "residual-convert-"));
});
afterEach(() => fs.rm(cwd, { recursive: true, force: true }));

const place = () => ({ cwd, cacheFolder: join(cwd, "cache") });

/** Names, shapes and the elements' very bits: a NaN has many, and −0 isn't 0. */
const bitsOf = (tensors: NamedTensors) =>
  [...tensors].map(([name, { dtype, shape, data }]) => [
    name,
    dtype,
    shape,
    Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("hex"),
  ]);

const anyTensor: fc.Arbitrary<HostTensor> = fc
  .tuple(
    fc.constantFrom<DType>("f32", "f64", "i32"),
    fc.array(fc.nat(3), { maxLength: 4 }),
    fc.infiniteStream(fc.integer({ min: 0, max: 255 })),
  )
  .map(([dtype, shape, bytes]): HostTensor => {
    const data = allocate(dtype, elementCount(shape));
    const raw = new Uint8Array(data.buffer);
    for (let i = 0; i < raw.length; i++) raw[i] = bytes.next().value ?? 0;
    return tensor(dtype, shape, data);
  });

describe("convert(from, to, place, options)", () => {
  // Written without convert's waiting for the disk, of which a loaded machine makes minutes.
  test("goes through formats that give back every bit, in whichever order", { timeout: 180_000 }, async () => {
    const formats = ["safetensors", "pytorch", "npz"] as const;
    const way = fc.array(fc.constantFrom(...formats), { minLength: 1, maxLength: 4 });
    const anyName = fc
      .string({ unit: "grapheme", maxLength: 6 })
      .filter((name) => name !== "__metadata__" && !/\p{Surrogate}/u.test(name));
    const file = join(cwd, "m");
    await fc.assert(
      fc.asyncProperty(fc.dictionary(anyName, anyTensor, { minKeys: 1, maxKeys: 5 }), way, async (named, steps) => {
        const given = new Map(Object.entries(named));
        let tensors: NamedTensors = given;
        for (const format of steps) {
          await fs.writeFile(file, Buffer.concat(writers[format].parts({ tensors, metadata: {} }, "f32")));
          ({ tensors } = await openTensors(file));
        }
        expect(bitsOf(tensors)).toEqual(bitsOf(given));
      }),
      { numRuns: 100 },
    );
  });

  test("gives back every bit by way of each format", async () => {
    const data = new Float32Array(Uint32Array.of(0x7fa00001, 0x80000000, 1, 0xff800000).buffer); // signalling NaN, −0, 2⁻¹⁴⁹, −∞
    const tensors = new Map([["w", tensor("f32", [2, 2], data)]]);
    await writeTensorsFile(join(cwd, "a.safetensors"), { tensors, metadata: {} });
    await convert("a.safetensors", "b.pth", place());
    await convert("b.pth", "c.npz", place());
    await convert("c.npz", "d.safetensors", place());
    expect(bitsOf((await openTensors(join(cwd, "d.safetensors"))).tensors)).toEqual(bitsOf(tensors));
  });

  test("goes from named tensors to Keras and back with every bit, and says what is left out on the way", async () => {
    const projected = resnet("resnet20-b", {
      classes: 3,
      batchNorm: { epsilon: 1e-3, momentum: 0.01, runningVariance: "biased" },
    });
    const model: TrainedModel = {
      spec: projected,
      tensors: randomNetwork(projected, 3),
      classes: ["a", "b", "c"],
      preprocessing: { size: [32, 32], channels: 3, mean: [0, 0, 0], deviation: [1, 1, 1], channelOrder: "BGR" },
    };
    const count = ["bn1.num_batches_tracked", scalar("i32", 9)] as const;
    const tensors = new Map([...model.tensors, count]);
    await writeTensorsFile(join(cwd, "a.safetensors"), { tensors, metadata: modelMetadata(model) });
    const written = await convert("a.safetensors", "keras/", place());
    expect(written).toEqual({
      from: "safetensors",
      to: "keras",
      tensors: model.tensors.size,
      parameters: countParameters(projected),
      file: join(cwd, "keras"),
      found: "a safetensors file",
      lost: ["num_batches_tracked"],
    });
    expect(await chooseModel("keras", {}, place())).toEqual(model); // momentum, variance, classes and colours included

    // What PyTorch's and numpy's files have no place for is told; epsilon and momentum, which leave no trace in tensors, among it.
    const ways = ["b.pth", "c.npz", "again/", "d.safetensors"];
    const lost: (readonly string[])[] = [];
    let from = "keras";
    for (const to of ways) {
      const spec = to === "again/" ? { model: "spec.json" } : {};
      await fs.writeFile(join(cwd, "spec.json"), JSON.stringify(projected));
      lost.push((await convert(from, to, place(), spec)).lost);
      from = to;
    }
    expect(lost).toEqual([["spec", "classes", "preprocessing"], [], [], []]);
    const last = await openTensors(join(cwd, "d.safetensors"));
    expect(bitsOf(last.tensors)).toEqual(bitsOf(model.tensors));
    expect(last.metadata).toEqual({ spec: JSON.stringify(projected) });
  });

  test("takes the network of bare tensors for a Keras model from themselves, and says so", async () => {
    const projected = resnet("resnet20-b", { classes: 3 });
    const tensors = new Map(
      [...randomNetwork(projected, 3)].map(([name, { shape, data }]) => [
        name,
        tensor("f64", shape, Float64Array.from(data)),
      ]),
    );
    await fs.writeFile(join(cwd, "a.npz"), Buffer.concat(writers.npz.parts({ tensors, metadata: {} }, "f32")));
    const notices: string[] = [];
    const told = { ...place(), onEvent: ({ message }: { message: string }) => notices.push(message) };
    expect(await convert("a.npz", "keras/", told)).toMatchObject({ lost: ["digits of f64 beyond those of f32"] });
    expect(notices).toEqual([
      expect.stringMatching(/recognised resnet20-b for \[3, 32, 32\] and 3 classes by its tensors/),
    ]);
    expect(bitsOf((await chooseModel("keras", {}, place())).tensors)).toEqual(bitsOf(randomNetwork(projected, 3)));
  });

  test("says where biases of a Keras model's convolutions went", async () => {
    const biased = resnet("resnet20-b", { classes: 3, convolutionBias: true });
    const { topology, tensors } = writeKeras(biased, randomNetwork(biased, 3));
    await writeTfjsFolder(join(cwd, "keras"), { topology, tensors, metadata: {} });
    const notices: string[] = [];
    const told = { ...place(), onEvent: ({ message }: { message: string }) => notices.push(message) };
    await convert("keras", "a.safetensors", told);
    expect(notices.at(-1)).toBe("biases of convolutions went into the running means of the batch norms behind them");
    const { spec } = await chooseModel("a.safetensors", {}, place());
    expect(spec).toEqual(resnet("resnet20-b", { classes: 3 }));
  });

  test("stores halves in a Keras model as asked, refuses bf16, other names, and a network that Keras can't say", async () => {
    const projected = resnet("resnet20-b", { classes: 3 });
    const metadata = { spec: JSON.stringify(projected) };
    await writeTensorsFile(join(cwd, "a.safetensors"), { tensors: initialTensors(projected, 1), metadata });
    await convert("a.safetensors", "half/", place(), { floats: "f16" });
    await convert("a.safetensors", "half.safetensors", place(), { floats: "f16" });
    expect(bitsOf((await chooseModel("half", {}, place())).tensors)).toEqual(
      bitsOf((await openTensors(join(cwd, "half.safetensors"))).tensors),
    );
    await expect(convert("a.safetensors", "x/", place(), { floats: "bf16" })).rejects.toThrow(
      new UsageError("a tfjs model can't hold bf16; store f32 or f16"),
    );
    await expect(convert("a.safetensors", "x/", place(), { names: "transformers" })).rejects.toThrow(
      new UsageError("a Keras model (tfjs layers) names its tensors after its layers; leave out --names transformers"),
    );
    const padded = resnet(20);
    await writeTensorsFile(join(cwd, "b.safetensors"), {
      tensors: initialTensors(padded, 1),
      metadata: { spec: JSON.stringify(padded) },
    });
    await expect(convert("b.safetensors", "x/", place())).rejects.toThrow(
      /can't be written as a Keras model: it has no layer that adds channels of zeros/,
    );
    expect((await fs.readdir(cwd)).toSorted()).toEqual(["a.safetensors", "b.safetensors", "half", "half.safetensors"]);
  });

  const spec = resnet(20, { input: [1, 28, 28] });
  const metadata = { spec: JSON.stringify(spec), classes: "[]" };

  test("counts tensors and learned numbers, and says what the written format can't carry", async () => {
    await writeTensorsFile(join(cwd, "a.safetensors"), { tensors: initialTensors(spec, 1), metadata });
    expect(await convert("a.safetensors", "b.pth", place())).toEqual({
      from: "safetensors",
      to: "pytorch",
      tensors: 97,
      parameters: 269_722 - 2 * 9 * 16,
      file: join(cwd, "b.pth"),
      found: "a safetensors file",
      lost: ["spec", "classes"],
    });
    expect(await convert("a.safetensors", "c.safetensors", place())).toMatchObject({ to: "safetensors", lost: [] });
    expect((await openTensors(join(cwd, "c.safetensors"))).metadata).toEqual(metadata);
    expect(await convert("b.pth", "d.npz", place())).toMatchObject({
      from: "pytorch",
      to: "npz",
      found: "a PyTorch file",
    });
  });

  test("writes torchvision's names, or another family's, or keeps them", async () => {
    const theirs = fromTorchvision(initialTensors(spec, 1), "cifar-ports");
    await writeTensorsFile(join(cwd, "a.safetensors"), { tensors: theirs, metadata: {} });
    const last = async (to: string, options = {}) => {
      await convert("a.safetensors", to, place(), options);
      return [...(await openTensors(join(cwd, to))).tensors.keys()].at(-1);
    };
    expect(await last("b.pth")).toBe("fc.bias");
    expect(await last("c.npz", { names: "kept" })).toBe("linear.bias");
    expect(await last("d.pth", { names: "transformers" })).toBe("classifier.1.bias");
    const kept = { names: "kept" } as const;
    await expect(convert("a.safetensors", "e.npz", place(), { ...kept, model: spec.name })).rejects.toThrow(
      new UsageError(
        `--names kept keeps the names that a file gives its tensors, but --model ${spec.name} asks for its network's; leave it out`,
      ),
    );
    await expect(convert("a.safetensors", "e.onnx", place(), kept)).rejects.toThrow(
      new UsageError("an ONNX model names its tensors after its layers; leave out --names kept"),
    );
  });

  test.each(["safetensors", "pth", "npz"])(
    "stores f16 in .%s as asked, which then gives back every bit",
    async (ending) => {
      await writeTensorsFile(join(cwd, "a.safetensors"), { tensors: initialTensors(spec, 1), metadata: {} });
      await convert("a.safetensors", `b.${ending}`, place(), { floats: "f16" });
      await convert(`b.${ending}`, "c.safetensors", place());
      await convert("c.safetensors", `d.${ending}`, place(), { floats: "f16" });
      expect((await fs.readFile(join(cwd, `d.${ending}`))).equals(await fs.readFile(join(cwd, `b.${ending}`)))).toBe(
        true,
      );
      const [full, half] = [
        (await fs.stat(join(cwd, "a.safetensors"))).size,
        (await fs.stat(join(cwd, `b.${ending}`))).size,
      ];
      expect(half).toBeLessThan(0.65 * full);
    },
  );

  test("refuses to overwrite, and an unknown extension, before it reads", async () => {
    await fs.writeFile(join(cwd, "b.pth"), "mine");
    await expect(convert("gone", "b.pth", place())).rejects.toThrow(
      new UsageError(`${join(cwd, "b.pth")} exists already; choose another file, or remove it first`),
    );
    await expect(convert("gone", "b.h5", place())).rejects.toThrow(
      /can't tell from the name .*b\.h5 in which format to write it/,
    );
    expect(await fs.readFile(join(cwd, "b.pth"), "utf8")).toBe("mine");
  });
});
