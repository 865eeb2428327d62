import { describe, expect, test } from "vitest";
import { accuracyOf } from "../../evaluate/interval.ts";
import { accuracyRange, spreadApart } from "./accuracy-chart.ts";
import { binSteps } from "./binned-steps.ts";
import { exampleInput } from "./example.fixture.ts";
import { sizeSpans } from "./image-sizes.ts";
import { learningCurves, lossTicks } from "./learning-curves.ts";
import { cssPalette, light } from "./palette.ts";
import { namedEpochs, stepAxisName } from "./step-axis.ts";
import { epochTable } from "./tables.ts";

const input = exampleInput();
const countOf = (text: string, part: string) => text.split(part).length - 1;

describe("learningCurves(input, palette, alone)", () => {
  test("draws the points of each split that was measured, with n and the last value", () => {
    const { text } = learningCurves(input, light, true);
    expect(countOf(text, 'aria-label="dot"')).toBe(2);
    expect(text).toContain("n = 160 train, 10 test");
    expect(text).toContain(">test 80 %</text>");
    expect(text).toContain(">train 87.5 %</text>");
    expect(text).not.toContain("validation");
  });

  test("says in words what it shows", () => {
    const { text } = learningCurves(input, light, true);
    expect(text).toContain('role="img" aria-labelledby="learning-curves-title learning-curves-description"');
    expect(text).toContain("The last training loss is 0.112 nats. The last train accuracy is 87.50");
  });

  test("has a heading and a background only where it stands alone", () => {
    expect(learningCurves(input, light, true).text).toContain(">ResNet-20 on three clothes: learning curves</text>");
    const within = learningCurves(input, cssPalette, false).text;
    expect(within).not.toContain("ResNet-20 on three clothes");
    expect(within).toContain('stroke="var(--train)"');
    expect(within).not.toMatch(/"#[0-9a-f]{6}"/);
  });

  test("marks where training images have another size, and says which", () => {
    const sized = input.epochs.map((epoch, i) => ({ ...epoch, imageSize: [128 + 96 * i, 128 + 96 * i] as const }));
    const { text } = learningCurves({ ...input, epochs: sized }, light, true);
    expect(text).toContain(">128×128</text>");
    expect(text).toContain(">224×224</text>");
    expect(text).toContain("Training images are 128×128 in epoch 1, 224×224 in epoch 2.");
    expect(countOf(text, 'stroke-dasharray="6,3"')).toBe(3);
    expect(sizeSpans(sized).map(({ fromStep }) => fromStep)).toEqual([0, 40]);
    expect(epochTable(sized).text).toContain("<td>224×224</td>");
    const alike = input.epochs.map((epoch) => ({ ...epoch, imageSize: [128, 128] as const }));
    expect(learningCurves({ ...input, epochs: alike }, light, true).text).toBe(learningCurves(input, light, true).text);
  });

  test("thins a long training to a bounded size", () => {
    const curves = Array.from({ length: 100_000 }, (_, i) => ({
      ...input.curves[0]!,
      step: i + 1,
      loss: 1 + Math.sin(i) / 2,
    }));
    const { text } = learningCurves({ ...input, curves }, light, true);
    expect(text.length).toBeLessThan(60_000);
    expect(text).toContain("mean of 625 steps in a row (2,500 images)");
  });

  test("draws a training without any step, epoch or positive loss", () => {
    for (const changed of [
      { curves: [], epochs: [] },
      { epochs: [] },
      { curves: input.curves.map((p) => ({ ...p, loss: 0 })) },
    ]) {
      const { text } = learningCurves({ ...input, ...changed }, light, true);
      expect(text).toContain("Learning rate");
      expect(text).not.toMatch(/NaN|undefined|Infinity/);
    }
  });
});

describe("scales", () => {
  test("loss is marked at 1, 2, 5 around what was measured, in powers of ten over many decades", () => {
    const bins = (...losses: readonly number[]) =>
      binSteps(
        losses.map((loss) => ({ ...input.curves[0]!, loss })),
        1,
      );
    expect(lossTicks(bins(2.4, 0.3))).toEqual([0.2, 0.5, 1, 2, 5]);
    expect(lossTicks(bins(30, 0.0004))).toEqual([0.0001, 0.001, 0.01, 0.1, 1, 10, 100]);
    expect(lossTicks(bins(1, 1))).toEqual([1, 2]);
    expect(lossTicks([])).toEqual([]);
  });

  test("accuracy spans what whole splits reached, in steps of 0.05", () => {
    const accuracy = accuracyOf(9200, 10_000);
    const epochs = [{ ...input.epochs[0]!, train: null, test: { accuracy, loss: accuracy } }];
    expect(accuracyRange(epochs, [])).toEqual([0.9, 0.95]);
    expect(accuracyRange([], [])).toEqual([0, 1]);
  });

  test("epochs are named at round numbers, a dozen at most", () => {
    const epochs = Array.from({ length: 30 }, (_, i) => ({ ...input.epochs[0]!, epoch: i + 1 }));
    expect(namedEpochs(epochs).map(({ epoch }) => epoch)).toEqual([5, 10, 15, 20, 25, 30]);
    expect(stepAxisName(input)).toBe("end of epoch (1 epoch = 40 steps of 4 images)");
  });

  test("labels are moved apart in their order", () => {
    expect(spreadApart([50, 10, 12], 16)).toEqual([50, 10, 26]);
  });
});
