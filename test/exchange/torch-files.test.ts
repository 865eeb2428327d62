// PyTorch's own files, in both layouts: what they hold, what is refused, and that damage of any kind is refused as well.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError } from "../../src/base/errors.ts";
import { growthFloorBytes, type TorchFile } from "../../src/checkpoint/torch/take-tensors.ts";
import { readTorchLegacy } from "../../src/checkpoint/torch/torch-legacy.ts";
import { readTorchZip } from "../../src/checkpoint/torch/torch-zip.ts";
import { readZip } from "../../src/checkpoint/zip/read-zip.ts";
import { zipParts } from "../../src/checkpoint/zip/zip-parts.ts";
import { expectedTensors, fixtureBytes, plain } from "./fixtures.ts";

const readers = {
  zip: (bytes: Uint8Array): TorchFile => readTorchZip(readZip(bytes, "m.pth"), bytes.length, "m.pth"),
  legacy: (bytes: Uint8Array): TorchFile => readTorchLegacy(bytes, "m.pth"),
};
const layouts = ["zip", "legacy"] as const;

describe.each(layouts)("a PyTorch file in the %s layout", (layout) => {
  const read = readers[layout];

  test("holds tensors of every type, infinities, scalars and empty ones", () => {
    const { tensors, path, leftOut } = read(fixtureBytes(`dtypes.${layout}.pth`));
    expect(plain(tensors)).toEqual(expectedTensors("dtypes"));
    expect([path, leftOut]).toEqual([[], []]);
  });

  test("holds views of one storage, in every order that strides can give, and parameters", () => {
    expect(plain(read(fixtureBytes(`views.${layout}.pth`)).tensors)).toEqual(expectedTensors("views"));
  });

  test("holds a state dict among a training's other things", () => {
    const { tensors, path, leftOut } = read(fixtureBytes(`training.${layout}.pth`));
    expect(plain(tensors)).toEqual(expectedTensors("training"));
    expect(path).toEqual(["state_dict"]);
    expect(leftOut).toEqual(["epoch", "best_prec1", "arch", "optimizer", "milestones", "amp", "nesterov", "shape"]);
  });

  test.each(["dtypes", "views", "training"])(
    "answers damage to %s with FormatError or tensors of bounded size",
    (name) => {
      const whole = fixtureBytes(`${name}.${layout}.pth`);
      const damage = fc.record({
        flips: fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(7)), { maxLength: 4 }),
        length: fc.oneof({ weight: 3, arbitrary: fc.constant(whole.length) }, fc.nat(whole.length + 16)),
      });
      let refused = 0;
      fc.assert(
        fc.property(damage, ({ flips, length }) => {
          const bytes = new Uint8Array(length);
          bytes.set(whole.subarray(0, length));
          for (const [at, bit] of flips) if (at < length) bytes[at]! ^= 1 << bit;
          try {
            let tensorBytes = 0;
            for (const { data } of read(bytes).tensors.values()) tensorBytes += data.byteLength;
            expect(tensorBytes).toBeLessThanOrEqual(growthFloorBytes);
          } catch (error) {
            expect(error).toBeInstanceOf(FormatError);
            refused++;
          }
        }),
        { numRuns: 3000 },
      );
      expect(refused).toBeGreaterThan(500);
    },
  );
});

/** A zip whose pickle is another, with the right checksums: what a person would make who means harm. */
const withPickle = (whole: Uint8Array, change: (pickle: Uint8Array) => Uint8Array): Uint8Array => {
  const zip = readZip(whole, "m.pth");
  const content = [...zip.entries.values()].map((entry): readonly [string, Uint8Array] => [
    entry.name,
    entry.name.endsWith("/data.pkl") ? change(new Uint8Array(zip.read(entry))) : zip.read(entry),
  ]);
  return new Uint8Array(Buffer.concat(zipParts(content)));
};

describe("a PyTorch zip whose pickle was changed, with the right checksums", () => {
  test.each(["dtypes", "views", "training"])("is refused, or gives tensors of bounded size (%s)", (name) => {
    const whole = fixtureBytes(`${name}.zip.pth`);
    const change = fc.record({
      writes: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 }),
      repeats: fc.integer({ min: 1, max: 3 }),
    });
    let refused = 0;
    fc.assert(
      fc.property(change, ({ writes, repeats }) => {
        const bytes = withPickle(whole, (pickle) => {
          for (const [at, value] of writes) pickle.fill(value, at % pickle.length, (at % pickle.length) + repeats);
          return pickle;
        });
        try {
          let tensorBytes = 0;
          for (const { data } of readers.zip(bytes).tensors.values()) tensorBytes += data.byteLength;
          expect(tensorBytes).toBeLessThanOrEqual(growthFloorBytes);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
          refused++;
        }
      }),
      { numRuns: 2000 },
    );
    expect(refused).toBeGreaterThan(300);
  });
});

describe("a PyTorch file of a whole module", () => {
  test("is refused by the name of its class", () => {
    expect(() => readers.zip(fixtureBytes("module.zip.pth"))).toThrow(
      new FormatError(
        "m.pth",
        "the pickle asks for __main__.Net, which tensors don't need; nothing was executed. " +
          "In Python, save tensors alone: torch.save(model.state_dict(), file)",
        66,
      ),
    );
  });
});
