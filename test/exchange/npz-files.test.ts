// npz files as numpy writes them, and ours as numpy reads them.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError } from "../../src/base/errors.ts";
import { readNpz } from "../../src/checkpoint/numpy/npz.ts";
import { readZip } from "../../src/checkpoint/zip/read-zip.ts";
import { zipParts } from "../../src/checkpoint/zip/zip-parts.ts";
import { expectedTensors, fixtureBytes, plain } from "./fixtures.ts";

const read = (bytes: Uint8Array) => readNpz(readZip(bytes, "m.npz"), bytes.length, "m.npz");

describe.each(["stored", "deflated"])("an npz file of %s arrays", (kind) => {
  test("holds every type, both byte orders, Fortran order, scalars and empty arrays", () => {
    expect(plain(read(fixtureBytes(`arrays.${kind}.npz`)))).toEqual(expectedTensors("arrays"));
  });

  test("is refused when it is damaged, or gives tensors", () => {
    const whole = fixtureBytes(`arrays.${kind}.npz`);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(7), fc.nat(whole.length), (at, bit, length) => {
        for (const bytes of [new Uint8Array(whole), whole.slice(0, length)]) {
          if (at < bytes.length) bytes[at]! ^= 1 << bit;
          try {
            read(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(FormatError);
          }
        }
      }),
      { numRuns: 1500 },
    );
  });

  test("is refused, or gives no more than it holds, when its headers change under right checksums", () => {
    const zip = readZip(fixtureBytes(`arrays.${kind}.npz`), "m");
    const arrays = [...zip.entries.values()].map((entry): [string, Uint8Array] => [entry.name, zip.read(entry)]);
    let refused = 0;
    fc.assert(
      fc.property(fc.nat(arrays.length - 1), fc.nat(127), fc.nat(255), (which, at, value) => {
        const changed = arrays.map(([name, bytes], i): [string, Uint8Array] => {
          const copy = new Uint8Array(bytes);
          if (i === which) copy[at] = value;
          return [name, copy];
        });
        const bytes = new Uint8Array(Buffer.concat(zipParts(changed)));
        try {
          for (const { data } of read(bytes).values()) expect(data.byteLength).toBeLessThan(1000);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
          refused++;
        }
      }),
      { numRuns: 1500 },
    );
    expect(refused).toBeGreaterThan(300);
  });
});
