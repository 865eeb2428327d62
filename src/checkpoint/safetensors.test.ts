import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { allocate, allocateShared } from "../base/dtype.ts";
import { FormatError, UsageError } from "../base/errors.ts";
import { elementCount } from "../base/shape.ts";
import { type HostTensor, scalar, tensor, zeros } from "../base/tensor.ts";
import { entry, fileOf } from "./safetensors.test.fixture.ts";
import { encodeTensors, readTensors, type TensorContainer, tensorParts } from "./safetensors.ts";

const refusal = (bytes: Uint8Array): string => {
  try {
    readTensors(bytes, "m.safetensors");
  } catch (error) {
    if (error instanceof FormatError) return error.message;
    throw error;
  }
  return "read";
};
const small: TensorContainer = {
  tensors: new Map<string, HostTensor>([
    ["conv1.weight", tensor("f32", [2, 1, 1, 2], Float32Array.of(1.5, -2, Number.NaN, 3e38))],
    ["0", tensor("i32", [], Int32Array.of(-7))],
    ["loss", tensor("f64", [2], Float64Array.of(0.1, -0))],
    ["empty", zeros("f32", [0, 3])],
  ]),
  metadata: { spec: '{"name":"resnet20"}', classes: '["T-shirt","Schuhgröße"]' },
};

describe("encodeTensors(container)", () => {
  test("writes the bytes of the format: length, padded header, larger elements first", () => {
    const bytes = encodeTensors({
      tensors: new Map<string, HostTensor>([
        ["a", tensor("f32", [1], Float32Array.of(1))],
        ["b", tensor("f64", [1], Float64Array.of(2))],
      ]),
      metadata: { k: "v" },
    });
    const header =
      '{"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},' +
      '"b":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}   ';
    expect(header.length % 8).toBe(0);
    expect(new TextDecoder().decode(bytes.subarray(8, -12))).toBe(header);
    expect([...bytes.subarray(0, 8)]).toEqual([header.length, 0, 0, 0, 0, 0, 0, 0]);
    expect([...bytes.subarray(-12)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0x80, 0x3f]);
  });

  test("gives the same bytes for the same tensors", () => {
    expect(encodeTensors(small)).toEqual(encodeTensors(readTensors(encodeTensors(small), "m")));
  });

  test("leaves tensors where they lie, shared memory included", () => {
    const shared = tensor("f32", [3], allocateShared("f32", 3));
    const [, part] = tensorParts({ tensors: new Map([["a", shared]]), metadata: {} });
    expect(part?.buffer).toBe(shared.data.buffer);
  });

  test("refuses a finite number that would become infinite, and keeps infinities", () => {
    const holding = (value: number): TensorContainer => ({
      tensors: new Map([["bn1.running_var", tensor("f32", [1], Float32Array.of(value))]]),
      metadata: {},
    });
    expect(() => encodeTensors(holding(65520), "f16")).toThrow(
      new UsageError(
        'tensor "bn1.running_var" holds 65520, which is beyond the numbers of f16; store it as bf16 or f32',
      ),
    );
    expect(readTensors(encodeTensors(holding(-Infinity), "f16"), "m")).toEqual(holding(-Infinity));
  });

  test.each(["__metadata__", "half\ud800"])("refuses the name %j", (name) => {
    const write = () => encodeTensors({ tensors: new Map([[name, scalar("f32", 1)]]), metadata: {} });
    expect(write).toThrow(UsageError);
    expect(write).toThrow(`a safetensors file can't hold a tensor named ${JSON.stringify(name)}; rename it`);
  });
});

describe("readTensors(bytes, file)", () => {
  test("gives back what was written, bit for bit and in order", () => {
    const read = readTensors(encodeTensors(small), "m");
    expect(read).toEqual(small);
    expect([...read.tensors.keys()]).toEqual(["conv1.weight", "0", "loss", "empty"]);
  });

  test("gives back any tensors, at any address", () => {
    const anyTensor = fc
      .tuple(
        fc.constantFrom("f32", "f64", "i32"),
        fc.array(fc.nat(3), { maxLength: 4 }),
        fc.infiniteStream(fc.integer()),
      )
      .map(([dtype, shape, values]): HostTensor => {
        const data = allocate(dtype, elementCount(shape));
        for (let i = 0; i < data.length; i++) data[i] = values.next().value ?? 0;
        return tensor(dtype, shape, data);
      });
    const anyName = fc.string({ unit: "grapheme" }).filter((name) => name !== "__metadata__");
    const anyMetadata = fc.dictionary(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }));
    fc.assert(
      fc.property(fc.dictionary(anyName, anyTensor), anyMetadata, fc.nat(9), (tensors, metadata, shift) => {
        const container = { tensors: new Map(Object.entries(tensors)), metadata: { ...metadata } };
        const bytes = encodeTensors(container);
        const moved = new Uint8Array(shift + bytes.length);
        moved.set(bytes, shift);
        expect(readTensors(moved.subarray(shift), "m")).toEqual(container);
      }),
    );
  });

  test("views aligned tensors without a copy", () => {
    const bytes = encodeTensors(small);
    for (const { data } of readTensors(bytes, "m").tensors.values()) expect(data.buffer).toBe(bytes.buffer);
  });

  test("reads the file that the reference implementation's documentation shows, header unpadded", () => {
    const bytes = fileOf(`{${entry("test", "I32", [2, 2], [0, 16])}}`, 16);
    expect(readTensors(bytes, "m").tensors.get("test")).toEqual(tensor("i32", [2, 2], new Int32Array(4)));
  });

  test("reads I64 as i32", () => {
    const bytes = fileOf(`{${entry("bn1.num_batches_tracked", "I64", [2], [0, 16])}}`, 16);
    new DataView(bytes.buffer).setBigInt64(bytes.length - 16, 391n, true);
    new DataView(bytes.buffer).setBigInt64(bytes.length - 8, -(2n ** 31n), true);
    const { tensors } = readTensors(bytes, "m");
    expect(tensors.get("bn1.num_batches_tracked")).toEqual(tensor("i32", [2], Int32Array.of(391, -(2 ** 31))));
  });

  test("reads F16 and BF16 as f32, I8 as it is, other small integers and BOOL as i32, at odd addresses too", () => {
    const header = [
      entry("u", "U8", [1], [0, 1]),
      entry("f", "F16", [3], [1, 7]),
      entry("b", "BF16", [1], [7, 9]),
      entry("s", "I16", [1], [9, 11]),
      entry("i", "I8", [1], [11, 12]),
      entry("t", "BOOL", [2], [12, 14]),
    ];
    const bytes = fileOf(`{${header.join(",")}}`, 14);
    bytes.set([200, 0x01, 0x00, 0x00, 0xfc, 0xff, 0x7b, 0x40, 0xc0, 0xfe, 0xff, 0xff, 1, 0], bytes.length - 14);
    expect([...readTensors(bytes, "m").tensors]).toEqual([
      ["u", tensor("i32", [1], Int32Array.of(200))],
      ["f", tensor("f32", [3], Float32Array.of(2 ** -24, -Infinity, 65504))],
      ["b", tensor("f32", [1], Float32Array.of(-3))],
      ["s", tensor("i32", [1], Int32Array.of(-2))],
      ["i", tensor("i8", [1], Int8Array.of(-1))],
      ["t", tensor("i32", [2], Int32Array.of(1, 0))],
    ]);
  });

  test.each([
    ["f16", 11],
    ["bf16", 8],
  ] as const)("gives back f32 tensors stored as %s rounded to %i bits, and the others as they were", (floats, bits) => {
    const values = Float32Array.from({ length: 99 }, (_, i) => (1 + i / 98) * 2 ** ((i % 9) - 4));
    const tensors = new Map<string, HostTensor>([["w", tensor("f32", [99], values)], ...small.tensors]);
    tensors.delete("conv1.weight");
    const bytes = encodeTensors({ tensors, metadata: {} }, floats);
    const read = readTensors(bytes, "m").tensors;
    for (const name of ["0", "loss", "empty"]) expect(read.get(name)).toEqual(tensors.get(name));
    const w = read.get("w")?.data ?? [];
    for (const [i, value] of values.entries()) {
      expect(Math.abs((w[i] ?? 0) - value)).toBeLessThanOrEqual(value * 2 ** -bits); // the unit roundoff
    }
    expect(encodeTensors(readTensors(bytes, "m"), floats)).toEqual(bytes);
  });

  test("refuses an I64 that doesn't fit i32", () => {
    const bytes = fileOf(`{${entry("n", "I64", [2], [0, 16])}}`, 16);
    new DataView(bytes.buffer).setBigInt64(bytes.length - 8, 2n ** 31n, true);
    expect(refusal(bytes)).toBe(
      `m.safetensors: tensor "n" holds 2147483648, more than 32 bits (at byte ${bytes.length - 8})`,
    );
  });

  test("answers damage with FormatError or tensors that lie within the file, nothing else", () => {
    const whole = encodeTensors(small);
    const damage = fc.record({
      flips: fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(7)), { maxLength: 4 }),
      length: fc.oneof(fc.constant(whole.length), fc.nat(whole.length + 16)),
    });
    let refused = 0;
    fc.assert(
      fc.property(damage, ({ flips, length }) => {
        const bytes = new Uint8Array(length);
        bytes.set(whole.subarray(0, length));
        for (const [at, bit] of flips) if (at < length) bytes[at]! ^= 1 << bit;
        try {
          let elementBytes = 0;
          for (const { data } of readTensors(bytes, "m").tensors.values()) elementBytes += data.byteLength;
          expect(elementBytes).toBeLessThanOrEqual(length);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
          refused++;
        }
      }),
      { numRuns: 5000 },
    );
    expect(refused).toBeGreaterThan(1000);
  });
});
