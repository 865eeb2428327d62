// Evaluation with statistics that are estimated anew, as a command on a made-up machine.
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UsageError } from "../base/errors.ts";
import { readTensorsFile } from "../checkpoint/node/tensors-file.ts";
import { madeUpEnvironment, syntheticData, tinySpec } from "./environment.test.fixture.ts";
import { type EvaluateOptions, evaluate } from "./evaluate.ts";
import type { CommandEvent } from "./events.ts";

let cwd = "";
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "residual-evaluate-"));
  await writeFile(join(cwd, "tiny.json"), JSON.stringify(tinySpec(3)));
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

/** Fresh weights by seed 1, unless the options name a file. */
const evaluated = ({ weights = "residual-mlp-5", ...options }: Partial<EvaluateOptions>, events: CommandEvent[] = []) =>
  evaluate(
    {
      weights,
      ...(typeof weights !== "string" || !weights.endsWith(".safetensors") ? { seed: 1 } : {}),
      data: "synthetic",
      engine: "reference",
      ...options,
    },
    madeUpEnvironment(cwd, syntheticData, events),
  );

describe("evaluate --reestimate-statistics", () => {
  test("evaluates before and after, tells what was averaged, and writes where it is asked to", async () => {
    const events: CommandEvent[] = [];
    const fresh = { weights: "tiny.json", reestimateStatistics: true, statisticsBatch: 60 } as const;
    const before = await evaluated({ weights: "tiny.json" });
    expect(before.document.reestimated).toBeUndefined();
    const { document } = await evaluated({ ...fresh, save: "anew.safetensors" }, events);
    const { reestimated, ...after } = document;
    expect(reestimated).toMatchObject({
      images: 180,
      batch: 60,
      batches: 3,
      before: { top1: before.document.top1, loss: before.document.loss },
      file: join(cwd, "anew.safetensors"),
    });
    // The statistics of fresh weights are 0 and 1, and nothing like the data's.
    expect(reestimated?.largestMeanChange.deviations).toBeGreaterThan(0.5);
    expect(after.loss).not.toBe(before.document.loss);
    expect(events.filter(({ event }) => event === "statistics")).toEqual(
      [60, 120, 180].map((images) => ({ event: "statistics", images, ofImages: 180 })),
    );

    const { metadata } = await readTensorsFile(join(cwd, "anew.safetensors"));
    expect(Object.keys(metadata).sort()).toEqual(["preprocessing", "spec"]);
    const again = await evaluated({ weights: "anew.safetensors" });
    expect(again.document).toEqual(after);
    // A file that says its preprocessing has no use for training images.
    await expect(evaluated({ weights: "anew.safetensors", validation: 5 })).rejects.toThrow(
      new UsageError(
        "--validation 5 decides which training images are held out, and --split test looks at none of them; leave it out, or take --split validation",
      ),
    );
    expect((await evaluated({ weights: "tiny.json", validation: 5 })).document.n).toBe(20);
  });

  test("writes nothing without --save", async () => {
    const had = await readdir(cwd);
    const { document } = await evaluated({ weights: "tiny.json", reestimateStatistics: true, statisticsBatch: 20 });
    expect(document.reestimated?.file).toBeNull();
    expect(await readdir(cwd)).toEqual(had);
  });

  test("refuses a file that can't be written, before the data are looked at", async () => {
    await writeFile(join(cwd, "taken.safetensors"), "mine");
    for (const [save, problem] of [
      ["taken.safetensors", "@ exists already; choose another file, or remove it first"],
      [
        "gone/anew.safetensors",
        "can't write @: there is no such file or directory; name a directory that exists and that you may write to",
      ],
    ] as const) {
      const events: CommandEvent[] = [];
      const message = problem.replace("@", join(cwd, save));
      await expect(evaluated({ weights: "tiny.json", reestimateStatistics: true, save }, events)).rejects.toThrow(
        new UsageError(message),
      );
      expect(events).toEqual([]);
    }
    expect(await readFile(join(cwd, "taken.safetensors"), "utf8")).toBe("mine");
  });

  test("estimates in the precision that is asked for", async () => {
    const anew = { weights: "tiny.json", reestimateStatistics: true, statisticsBatch: 60 } as const;
    const changeIn = async (dtype: string) =>
      (await evaluated({ ...anew, dtype })).document.reestimated?.largestMeanChange.deviations ?? 0;
    const [f32, bf16] = [await changeIn("f32"), await changeIn("bf16")];
    expect(bf16).not.toBe(f32);
    // Three convolutions round to bf16 with a relative error of 2⁻⁹ each, images, weights and results alike.
    expect(Math.abs(bf16 / f32 - 1)).toBeLessThan(9 * 2 ** -9);
  });

  test.each([
    [{ save: "a.safetensors" }, "--save is for statistics that are estimated anew; add --reestimate-statistics"],
    [
      { statisticsBatch: 4 },
      "--statistics-batch is for statistics that are estimated anew; add --reestimate-statistics",
    ],
    [{ reestimateStatistics: true, save: "a.pth" }, "--save writes safetensors, so a.pth should end in .safetensors"],
    [
      { reestimateStatistics: true, statisticsBatch: 201 },
      "--statistics-batch should be a whole number from 1 to the 200 training images but is 201",
    ],
    [{ reestimateStatistics: true }, "residual-mlp-5 has no batch norm: there are no statistics to estimate anew"],
  ])("refuses %j", async (options, message) => {
    await expect(evaluated(options)).rejects.toThrow(new UsageError(message));
  });
});
