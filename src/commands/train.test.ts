// What the command refuses before it takes memory or writes a file, with a machine that is made up. The rest: test/cli.
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UsageError } from "../base/errors.ts";
import { madeUpEnvironment, syntheticData } from "./environment.test.fixture.ts";
import type { CommandEvent } from "./events.ts";
import { train } from "./train.ts";

let cwd = "";
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "residual-train-"));
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

const data = syntheticData;
const environmentWith = (availableMemoryBytes: number, events: CommandEvent[] = []) =>
  madeUpEnvironment(cwd, data, events, availableMemoryBytes);

describe("train(options, environment)", () => {
  test("refuses what doesn't fit into memory, with the largest batch that does, and writes nothing", async () => {
    const environment = environmentWith(30 * 2 ** 20);
    const refused = train({ data, model: "resnet20", batch: 200, engine: "reference" }, environment);
    await expect(refused).rejects.toThrow(UsageError);
    const message = await refused.then(() => "", String);
    const [, batch] =
      /^UsageError: training resnet20 in batches of 200 takes \d+ MiB \(arena \d+ MiB, .*\) but 31 MiB of memory are available; the largest batch that fits is (\d+): take --batch \1$/.exec(
        message,
      ) ?? [];
    expect(Number(batch)).toBeGreaterThan(1);
    expect(await readdir(cwd)).toEqual([]);
    const events: CommandEvent[] = [];
    const fitting = environmentWith(30 * 2 ** 20, events);
    const dry = { data, model: "resnet20", batch: Number(batch), engine: "reference", dryRun: true } as const;
    expect(await train(dry, fitting)).toMatchObject({ kind: "estimate", estimate: { batch: Number(batch) } });
    expect(events.map(({ event }) => event)).toEqual(["data", "estimate", "notice"]);
    expect(await readdir(cwd)).toEqual([]);
  });

  test("stops without oneDNN, and names the other engine", async () => {
    const refused = train({ data, batch: 10 }, environmentWith(2 ** 30));
    await expect(refused).rejects.toThrow(
      "oneDNN is not there; or take --engine reference, the definition in plain loops: hundreds of times slower",
    );
    expect(await readdir(cwd)).toEqual([]);
  });

  test("ends early by --patience, which the run keeps", async () => {
    const events: CommandEvent[] = [];
    const small = { batch: 40, epochs: 12, learningRate: 1e-12, validation: 40, patience: 2 } as const;
    const options = { ...small, data, model: "residual-mlp-5", engine: "reference", out: "patient" } as const;
    const outcome = await train(options, environmentWith(2 ** 30, events));
    const epochs = events.flatMap((event) => (event.event === "epoch" ? [event.validationAccuracy] : []));
    // Weights all but stay: no validation is better than the first.
    expect(new Set(epochs).size).toBe(1);
    expect(epochs.length).toBe(3);
    expect(events.filter(({ event }) => event === "stopped early")).toHaveLength(1);
    expect(outcome.kind).toBe("end");
    const record = JSON.parse(await readFile(join(cwd, "patient", "run.json"), "utf8"));
    expect(record.recipe.earlyStopping).toEqual({ patienceEpochs: 2 });
    await rm(join(cwd, "patient"), { recursive: true });
  });

  test("leaves no directory behind when a training fails before its first checkpoint", async () => {
    const aborted = { ...environmentWith(2 ** 30), signal: AbortSignal.abort(new Error("stopped")) };
    await expect(train({ data, batch: 10, epochs: 1, engine: "reference" }, aborted)).rejects.toThrow("stopped");
    expect(await readdir(cwd)).toEqual([]);
  });
});
