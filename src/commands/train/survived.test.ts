// Bad batches through the command: what lies in the run directory afterwards, in files that a person opens.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RecipeFields, recipe } from "../../train/parse-recipe.ts";
import { madeUpEnvironment, syntheticData, tinySpec } from "../environment.test.fixture.ts";
import type { CommandEvent } from "../events.ts";
import { metricsRecords } from "../run-directory/metrics-log.ts";
import { train } from "../train.ts";

let cwd = "";
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), "residual-survived-"));
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const fields: RecipeFields = {
  name: "survived",
  batch: 20,
  epochs: 2,
  optimizer: { kind: "sgd" },
  // The first update at this rate takes the weights so far out that the loss spikes after the warm-up of four steps.
  schedule: {
    kind: "constant",
    learningRate: 300,
    warmup: { span: { steps: 6 }, fromFraction: 0.0001, rise: "constant" },
  },
  mixing: { mixup: 0.2 },
};
const run = (out: string, changes: Partial<RecipeFields>, events: CommandEvent[] = []) =>
  train(
    {
      data: syntheticData,
      model: tinySpec(3),
      engine: "reference",
      workers: 0,
      out,
      recipe: recipe({ ...fields, ...changes }),
    },
    madeUpEnvironment(cwd, syntheticData, events),
  );

describe("train with onSpike", { timeout: 60_000 }, () => {
  test("saves the batch that stopped it as a picture and with its images, labels and losses", async () => {
    const events: CommandEvent[] = [];
    const stopped = run("stopped", { onSpike: { factor: 2, window: 4, action: "stop" } }, events);
    await expect(stopped).rejects.toThrow(
      /^the loss is .* that onSpike allows; training stopped, and the last checkpoint is kept/,
    );
    const folder = join(cwd, "stopped", "bad-batches");
    const names = readdirSync(folder).sort();
    expect(names).toEqual([
      expect.stringMatching(/^step-0000\d\d-batch-0\.json$/),
      expect.stringMatching(/^step-0000\d\d-batch-0\.png$/),
    ]);
    const saved = JSON.parse(readFileSync(join(folder, names[0] ?? ""), "utf8"));
    expect(saved).toMatchObject({ formatVersion: 1, reason: "spike", batchOfStep: 0 });
    expect(saved.loss).toBeGreaterThan(saved.threshold);
    expect(saved.images).toHaveLength(20);
    for (const image of saved.images) {
      expect(image.name).toBe(`image ${image.image}`);
      expect(["a", "b", "c"]).toContain(image.label);
      expect(syntheticData.classes[syntheticData.train.labels[image.image] ?? -1]).toBe(image.label);
    }
    const { width = 0, height = 0, format } = await sharp(join(folder, names[1] ?? "")).metadata();
    expect([format, width > 1000, height > 500]).toEqual(["png", true, true]);
    expect(events).toContainEqual({
      event: "warning",
      message: expect.stringMatching(
        /^the loss of a batch spiked at step \d+: see .*\/stopped\/bad-batches\/step-.*\.png$/,
      ),
    });
  });

  test("notes skipped steps in metrics.jsonl and counts them in the report", async () => {
    await run("skipped", { onSpike: { factor: 2, window: 4, action: { skip: 100 } } });
    const file = join(cwd, "skipped", "metrics.jsonl");
    const skipped = [...metricsRecords(readFileSync(file), file)].filter(({ record }) => record.event === "skipped");
    expect(skipped.length).toBeGreaterThan(0);
    expect(skipped.map(({ record }) => record.skippedSteps)).toEqual(skipped.map((_, i) => i + 1));
    expect(skipped[0]?.record).toMatchObject({ reason: "spike", epoch: 1 });
    const report = readFileSync(join(cwd, "skipped", "report.html"), "utf8");
    expect(report).toContain(`<dt>Steps skipped: loss spiked</dt><dd>${skipped.length}</dd>`);
    expect(readdirSync(join(cwd, "skipped", "bad-batches")).length).toBe(2 * Math.min(20, skipped.length));
  });
});
