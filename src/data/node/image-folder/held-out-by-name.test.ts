import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { heldOutByName } from "./held-out-by-name.ts";

const names = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 2, maxLength: 60 });
const numbered = (count: number): readonly string[] => Array.from({ length: count }, (_, i) => `IMG_${i}.jpg`);
const heldOut = (of: readonly string[]): ReadonlySet<string> => {
  const isHeldOut = heldOutByName(of);
  return new Set(of.filter((_, i) => isHeldOut[i]));
};

describe("heldOutByName(names)", () => {
  test("holds out a fifth", () => {
    // Binomial: n = 10,000, p = 0.2, deviation √(n·p·(1 − p)) = 40; five deviations.
    expect(Math.abs(heldOut(numbered(10_000)).size - 2000)).toBeLessThan(200);
  });

  test("trains on at least one image and, of two or more, holds out at least one", () => {
    fc.assert(
      fc.property(names, (of) => {
        const { size } = heldOut(of);
        expect(size).toBeGreaterThanOrEqual(1);
        expect(size).toBeLessThan(of.length);
      }),
    );
    expect(heldOutByName(["0.jpg"])).toEqual([false]);
    expect(heldOutByName([])).toEqual([]);
    expect(heldOutByName(["\u00e9", "e\u0301"])).toEqual([true, false]); // the same hash
  });

  test("leaves every image on its side when others are added or removed", () => {
    const all = numbered(400);
    const whole = heldOut(all);
    // Parts of 40 and more: the chance that the rules for small classes come in is 0.8⁴⁰ ≈ 10⁻⁴ each.
    for (const part of [all.slice(0, 40), all.slice(40, 200), all.slice(100), all.filter((_, i) => i % 3 === 0)]) {
      expect(heldOut(part)).toEqual(new Set(part.filter((name) => whole.has(name))));
    }
  });

  test("never tests on what was trained on when images are added to two or more, unless all of them lay in the lowest fifth", () => {
    for (let had = 3; had <= 30; had++) {
      const [before, after] = [heldOut(numbered(had)), heldOut(numbered(2 * had))];
      const trained = numbered(had).filter((name) => !before.has(name));
      expect(trained.filter((name) => after.has(name))).toEqual([]);
    }
  });

  test("depends on the names alone, in any order and however they are composed", () => {
    fc.assert(
      fc.property(names, (of) => {
        const composed = [...new Set(of.map((name) => name.normalize("NFC")))];
        const turned = heldOut(composed.toReversed());
        expect(turned).toEqual(heldOut(composed));
      }),
    );
    const composed = ["Zürich.jpg", "Orléans.jpg", "Malmö.jpg", "Kraków.jpg", "Brno.jpg"];
    const decomposed = composed.map((name) => name.normalize("NFD"));
    expect(decomposed).not.toEqual(composed);
    expect(heldOutByName(decomposed)).toEqual(heldOutByName(composed));
  });
});
