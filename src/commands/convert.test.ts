import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { allocate, type DType } from "../base/dtype.ts";
import { UsageError } from "../base/errors.ts";
import { elementCount } from "../base/shape.ts";
import { type HostTensor, type NamedTensors, tensor } from "../base/tensor.ts";
import { openTensors } from "../checkpoint/node/open-tensors.ts";
import { writeTensorsFile } from "../checkpoint/node/tensors-file.ts";
import { writers } from "../checkpoint/write-formats.ts";
import { fromTorchvision } from "../exchange/names/rename.ts";
import { initialTensors } from "../model/initial-tensors.ts";
import { resnet } from "../spec/named-networks.ts";
import { convert } from "./convert.ts";

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
