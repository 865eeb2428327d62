import { afterAll, describe, expect, test } from "vitest";
import { countParameters } from "../../src/spec/counts.ts";
import { formatWorst, worstOf } from "./compare.ts";
import { goldenEngines, openOrReason } from "./engines.ts";
import { compareStep } from "./run-step.ts";
import { isLarge, readStepGolden, specOf, stepNames } from "./step-fixtures.ts";

/** The reference engine takes the small networks in f64, whose tolerance is 2⁻²⁹ of f32's; oneDNN takes all. */
const runs = [
  { engine: goldenEngines[0], dtype: "f64" },
  { engine: goldenEngines[1], dtype: "f32" },
] as const;

for (const { engine: goldenEngine, dtype } of runs) {
  if (goldenEngine === undefined) throw new Error("an engine is missing");
  const title = `one step of every kind of network on the engine ${goldenEngine.name}, against PyTorch in f64`;
  const engine = await openOrReason(goldenEngine);
  if (typeof engine === "string") {
    test.skip(`${title}: skipped, for ${engine}`, () => {});
    continue;
  }
  describe(title, () => {
    afterAll(() => engine.dispose());
    const names = stepNames.filter((name) => dtype === "f32" || !isLarge(readStepGolden(name)));

    test.each(names)(
      "%s",
      async (name) => {
        const groups = await compareStep(engine, readStepGolden(name), dtype, goldenEngine.safety);
        for (const [group, comparisons] of Object.entries(groups)) {
          if (comparisons.length === 0) continue;
          const worst = formatWorst(`${goldenEngine.name}, ${name} ${dtype}, ${group}`, comparisons);
          console.info(worst);
          expect(worstOf(comparisons).share, worst).toBeLessThanOrEqual(1);
        }
      },
      180_000,
    );
  });
}

test("the goldens of steps are those of every network of torchvision, and of small ones of every kind, with margins", () => {
  const goldens = stepNames.map(readStepGolden);
  const large = goldens.filter(isLarge).map(specOf);
  // Beside resnet18 and resnet50, which have goldens of ten steps (networks.test.ts).
  expect(large.map(({ name }) => name).sort()).toEqual([
    "resnet101",
    "resnet152",
    "resnet34",
    "resnext101-32x8d",
    "resnext101-64x4d",
    "resnext50-32x4d",
    "wide-resnet101-2",
    "wide-resnet50-2",
  ]);
  const small = goldens.filter((golden) => !isLarge(golden));
  expect(small.length).toBe(31);
  expect(goldens.filter(({ case: { margin } }) => margin < 30)).toEqual([]);
  expect(Math.max(...small.map((golden) => countParameters(specOf(golden))))).toBeLessThan(100_000);
});
