import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createDigestTable, digestBytes, sameDigests } from "./duplicates.ts";

test("sameDigests(table) groups equal contents as a map would, and leaves out images without a digest", () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat({ max: 20 })), { maxLength: 60 }), (contents) => {
      const table = createDigestTable(contents.length);
      const groups = new Map<number, number[]>();
      contents.forEach((content, image) => {
        if (content === null) return;
        table.set(image, createHash("sha256").update(String(content)).digest());
        groups.set(content, [...(groups.get(content) ?? []), image]);
      });
      const expected = [...groups.values()].filter(({ length }) => length > 1).sort(([a = 0], [b = 0]) => a - b);
      expect(sameDigests(table)).toEqual(expected);
    }),
  );
});

test("sameDigests(table) tells digests apart that differ in their last byte alone", () => {
  const table = createDigestTable(3);
  const digest = new Uint8Array(32).fill(7);
  table.set(0, digest);
  table.set(2, digest);
  table.set(1, digest.with(digestBytes - 1, 8));
  expect(sameDigests(table)).toEqual([[0, 2]]);
});
