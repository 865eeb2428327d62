// Damaged files: whatever bits are turned and wherever they end, a reader answers with a network or with FormatError or UsageError, soon,
// and without memory beyond a small multiple of the file's.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError, UsageError } from "../../base/errors.ts";
import { randomNetwork } from "../structure/random-network.test.fixture.ts";
import { networkFromOnnx } from "./network-from-onnx.test.fixture.ts";
import { fileOf, foreign, small } from "./small-models.test.fixture.ts";
import { onnxModel } from "./write-onnx.ts";

const spec = small("resnet20", { input: [1, 8, 8], classes: 2 });
const model = onnxModel(spec, randomNetwork(spec, 1));
const [own, others] = [fileOf(model), fileOf(foreign(model))];

/** What became of it; anything else that is thrown passes, and fails the test. */
const outcome = (bytes: Uint8Array): "read" | "refused" => {
  try {
    networkFromOnnx(bytes, "m.onnx", spec); // given, so that no search for its name takes the time
    return "read";
  } catch (error) {
    if (error instanceof FormatError || error instanceof UsageError) return "refused";
    throw error;
  }
};

describe.each([
  ["ours", own],
  ["another program's", others],
])("networkFromOnnx of a damaged file of %s", (_, whole) => {
  test("answers when bits are turned", { timeout: 300_000 }, () => {
    const seen = { read: 0, refused: 0 };
    const anywhere = fc.nat(whole.length * 8 - 1);
    fc.assert(
      fc.property(fc.array(anywhere, { minLength: 1, maxLength: 4 }), (places) => {
        const bytes = whole.slice();
        for (const place of places) bytes[place >> 3] = (bytes[place >> 3] ?? 0) ^ (1 << (place & 7));
        seen[outcome(bytes)] += 1;
      }),
      { numRuns: 250 },
    );
    expect(seen.read).toBeGreaterThan(0); // a bit of a weight
    expect(seen.refused).toBeGreaterThan(0);
  });

  // Nodes come before the tensors: the bits that say what the network is are in the first part of the file.
  test("answers when bits of the nodes and the texts are turned", { timeout: 300_000 }, () => {
    const texts = Math.min(whole.length, 6000);
    fc.assert(
      fc.property(fc.nat(texts - 1), fc.nat(255), fc.boolean(), (place, value, fromEnd) => {
        const bytes = whole.slice();
        bytes[fromEnd ? bytes.length - 1 - Math.min(place, 1500) : place] = value;
        outcome(bytes);
      }),
      { numRuns: 250 },
    );
  });

  test("refuses a file that is cut short, wherever", { timeout: 300_000 }, () => {
    fc.assert(
      fc.property(fc.nat(whole.length - 1), (length) => {
        expect(outcome(whole.slice(0, length))).toBe("refused");
      }),
      { numRuns: 100 },
    );
  });

  test("answers to bytes of any kind", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        outcome(bytes);
      }),
      { numRuns: 500 },
    );
  });
});
