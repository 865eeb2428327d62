import { afterAll, describe, expect, test } from "vitest";
import { countParameters } from "../../src/spec/counts.ts";
import { formatWorst, worstOf } from "./compare.ts";
import { goldenEngines, openOrReason } from "./engines.ts";
import { compareStep } from "./run-step.ts";
import { isLarge, readStepGolden, specOf, stepNames } from "./step-fixtures.ts";

/**
 * The CPU engine takes all. The reference engine takes small networks in f64, whose tolerance is 2⁻²⁹ of f32's, and whole ones in
 * f32, in which their goldens are recorded; those of more weights than this consist of the nodes of smaller ones, and that they are put
 * together as PyTorch's are, the CPU engine shows. Only where that is missing does the reference engine take them too.
 */
const mostReferenceWeights = 30e6;

const runs = [
  { engine: goldenEngines[1], small: "f32" },
  { engine: goldenEngines[0], small: "f64" },
] as const;

let areLargestDone = false;
for (const { engine: goldenEngine, small } of runs) {
  if (goldenEngine === undefined) throw new Error("an engine is missing");
  const title = `one step of every kind of network on the engine ${goldenEngine.name}, against PyTorch in f64`;
  const engine = await openOrReason(goldenEngine);
  const taken = areLargestDone
    ? stepNames.filter((name) => countParameters(specOf(readStepGolden(name))) <= mostReferenceWeights)
    : stepNames;
  areLargestDone = typeof engine !== "string";
  if (typeof engine === "string") {
    test.skip(`${title}: skipped, for ${engine}`, () => {});
    continue;
  }
  describe(title, () => {
    afterAll(() => engine.dispose());
    test.each(taken)(
      "%s",
      async (name) => {
        const golden = readStepGolden(name);
        const dtype = isLarge(golden) ? "f32" : small;
        const groups = await compareStep(engine, golden, dtype, goldenEngine.safety);
        for (const [group, comparisons] of Object.entries(groups)) {
          if (comparisons.length === 0) continue;
          const worst = formatWorst(`${goldenEngine.name}, ${name} ${dtype}, ${group}`, comparisons);
          console.info(worst);
          expect(worstOf(comparisons).share, worst).toBeLessThanOrEqual(1);
        }
      },
      // Plain loops over a hundred million weights take the reference engine half a minute of a quiet core.
      600_000,
    );
  });
}

test("the goldens of steps are those of every network of torchvision, of ResNet-D and dlib, and of small ones of every kind, with margins", () => {
  const goldens = stepNames.map(readStepGolden);
  const large = goldens.filter(isLarge).map(specOf);
  // Beside resnet18 and resnet50, which have goldens of ten steps (networks.test.ts).
  expect(large.map(({ name }) => name).sort()).toEqual([
    "dlib-face-29",
    "resnet101",
    "resnet152",
    "resnet18-d",
    "resnet34",
    "resnet50-d",
    "resnext101-32x8d",
    "resnext101-64x4d",
    "resnext50-32x4d",
    "wide-resnet101-2",
    "wide-resnet50-2",
  ]);
  const small = goldens.filter((golden) => !isLarge(golden));
  expect(small.length).toBe(38);
  expect(goldens.filter(({ case: { margin } }) => margin < 30)).toEqual([]);
  expect(Math.max(...small.map((golden) => countParameters(specOf(golden))))).toBeLessThan(100_000);
});
