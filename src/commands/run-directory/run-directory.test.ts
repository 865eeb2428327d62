import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FormatError, UsageError } from "../../base/errors.ts";
import { checkpointSteps } from "./checkpoint-store.ts";
import { openWeights } from "./open-weights.ts";
import { testCheckpoint, testHost, testRecord } from "./run-directory.test.data.ts";
import { createRunDirectory, openRunDirectory, readLatest } from "./run-directory.ts";
import { readRunRecord } from "./run-record.ts";

let cwd = "";
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "residual-run-"));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const create = (name = "demo", keepLast?: number) =>
  createRunDirectory({ name }, testRecord, testHost(cwd), keepLast === undefined ? {} : { keepLast });

describe("createRunDirectory(place, record, host)", () => {
  test("makes runs/demo, then runs/demo-2, and so on, each with its record, logs and lock", async () => {
    for (const name of ["demo", "demo-2", "demo-3"]) {
      const run = await create();
      expect(run.path).toBe(join(cwd, "runs", name));
      expect(readdirSync(run.path).sort()).toEqual(["events.out.tfevents", "lock", "metrics.jsonl", "run.json"]);
      expect(await readRunRecord(run.path)).toEqual(testRecord);
      await run.close();
      expect(readdirSync(run.path)).not.toContain("lock");
    }
  });

  test("refuses an existing directory that was asked for by path, and leaves it alone", async () => {
    mkdirSync(join(cwd, "mine"));
    const again = createRunDirectory({ path: "mine" }, testRecord, testHost(cwd));
    await expect(again).rejects.toThrow(
      new UsageError(`${join(cwd, "mine")} exists already; go on with it by --resume, or choose another directory`),
    );
    expect(readdirSync(join(cwd, "mine"))).toEqual([]);
  });

  test.each(["", "../x", "a/b", ".hidden", "x".repeat(101)])("refuses the name %j", async (name) => {
    await expect(create(name)).rejects.toThrow(
      `${JSON.stringify(name)} can't be the name of a run; use letters, digits, dots, hyphens and underscores, at most 100, a letter or digit first`,
    );
  });

  test("says so when runs is a file", async () => {
    writeFileSync(join(cwd, "runs"), "");
    await expect(create()).rejects.toThrow(
      new UsageError(`can't make the directory ${join(cwd, "runs")}: a file of that name is in the way`),
    );
  });
});

describe("writeCheckpoint(checkpoint, score)", () => {
  test("gives back what was written, by readLatest and by opening", async () => {
    const run = await create();
    expect(await readLatest(run.path)).toBeNull();
    expect(await run.writeCheckpoint(testCheckpoint(10))).toBe(join(run.path, "checkpoints", "10"));
    await run.writeCheckpoint(testCheckpoint(20));
    expect(await readLatest(run.path)).toEqual(testCheckpoint(20));
    await run.close();
    const again = await openRunDirectory("runs/demo", testHost(cwd));
    expect(again.resumed).toEqual(testCheckpoint(20));
    expect(again.record).toEqual(testRecord);
    expect(again.notices).toEqual([]);
    await again.close();
  });

  test("keeps the newest and the best", async () => {
    const run = await create("demo", 2);
    const scores = [0.5, 0.9, 0.7, undefined, Number.NaN, 0.8];
    for (const [i, score] of scores.entries()) await run.writeCheckpoint(testCheckpoint(10 * (i + 1)), score);
    expect(readdirSync(join(run.path, "checkpoints")).sort()).toEqual(["20", "50", "60"]);
    expect(JSON.parse(readFileSync(join(run.path, "latest.json"), "utf8"))).toEqual({
      formatVersion: 1,
      step: 60,
      best: { step: 20, score: 0.9 },
    });
    await run.close();
  });

  test("notes the score of a step that has its checkpoint already", async () => {
    const run = await create("demo", 1);
    await run.writeCheckpoint(testCheckpoint(10));
    await run.writeCheckpoint(testCheckpoint(10), 0.5);
    await run.writeCheckpoint(testCheckpoint(20), 0.4);
    expect(await checkpointSteps(run.path)).toEqual([10, 20]);
    await run.close();
  });

  test("closes the epoch of a step that has its checkpoint already", async () => {
    const run = await create();
    await run.writeCheckpoint(testCheckpoint(10));
    const closed = {
      ...testCheckpoint(10),
      epoch: testCheckpoint(10).epoch + 1,
      counters: { seed: 1, epochLossSum: 0 },
    };
    await run.writeCheckpoint(closed);
    expect(await readLatest(run.path)).toEqual(closed);
    expect(readdirSync(join(run.path, "checkpoints", "10")).sort()).toEqual(["model.safetensors", "state.safetensors"]);
    await run.close();
  });

  test("writes a step again whose checkpoint latest.json never came to name", async () => {
    const run = await create();
    await run.writeCheckpoint(testCheckpoint(10));
    mkdirSync(join(run.path, "checkpoints", "20"));
    writeFileSync(join(run.path, "checkpoints", "20", "rubbish"), "");
    await run.writeCheckpoint(testCheckpoint(20));
    expect(await readLatest(run.path)).toEqual(testCheckpoint(20));
    await run.close();
  });

  test("refuses counters that could not be told apart or read back", async () => {
    const run = await create();
    const counters = (values: Record<string, number>) =>
      run.writeCheckpoint({ ...testCheckpoint(1), counters: values });
    await expect(counters({ step: 1 })).rejects.toThrow("a counter of a checkpoint can't be named step");
    await expect(counters({ loss: Number.NaN })).rejects.toThrow("counter loss of a checkpoint is NaN");
    await run.close();
  });

  test("leaves the last checkpoint valid, and nothing half-written, on a real full disk", async (context) => {
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "residual-test", cwd], { stdio: "ignore" });
    } catch {
      context.skip("mounting a file system takes root");
    }
    try {
      const run = await create();
      await run.writeCheckpoint(testCheckpoint(10));
      const path = join(run.path, "checkpoints", "20");
      await expect(run.writeCheckpoint(testCheckpoint(20, 50_000))).rejects.toThrow(
        /^can't write .*\/checkpoints\/20 \(400\d\d\d bytes\): no space is left on its disk; free some, or choose another directory; checkpoint 10 is still valid$/,
      );
      expect(readdirSync(join(path, ".."))).toEqual(["10"]);
      expect(await readLatest(run.path)).toEqual(testCheckpoint(10));
      run.appendMetrics({ step: 20, loss: 1 });
      const big = { step: 21, text: "x".repeat(300_000) };
      expect(() => run.appendMetrics(big)).toThrow(
        /^can't append 3000\d\d bytes to .*metrics\.jsonl: no space is left/,
      );
      expect(readFileSync(join(run.path, "metrics.jsonl"), "utf8")).toBe('{"step":20,"loss":1}\n');
      await run.close();
      await expect(
        createRunDirectory({ name: "big" }, { ...testRecord, command: ["x".repeat(300_000)] }, testHost(cwd)),
      ).rejects.toThrow(/^can't write .*big\/run\.json/);
      expect(readdirSync(join(cwd, "runs"))).toEqual(["demo"]);
    } finally {
      execFileSync("umount", ["--lazy", cwd]); // lazily, for a failed test leaves files open
    }
  });
});

describe("openRunDirectory(path, host)", () => {
  test("cuts the logs back to the checkpoint, removes leftovers, and says so", async () => {
    const run = await create();
    for (let step = 1; step <= 12; step++) {
      run.appendMetrics({ step, loss: 1 / step });
      run.appendScalars(step, { loss: 1 / step });
      if (step === 10) await run.writeCheckpoint(testCheckpoint(10));
    }
    await run.close();
    const leftover = ".20.0123abcd.partial";
    mkdirSync(join(run.path, "checkpoints", leftover));
    mkdirSync(join(run.path, "checkpoints", "20"));
    const again = await openRunDirectory(run.path, testHost(cwd));
    expect(again.notices).toEqual([
      `removed what was left unfinished: ${leftover}`,
      expect.stringMatching(/^cut .*metrics\.jsonl back to step 10, by \d+ bytes$/),
      expect.stringMatching(/^cut .*events\.out\.tfevents back to step 10, by \d+ bytes$/),
    ]);
    expect(readdirSync(join(run.path, "checkpoints"))).toEqual(["10"]);
    expect(readFileSync(join(run.path, "metrics.jsonl"), "utf8").split("\n").length).toBe(11);
    await again.close();
  });

  test("starts anew when the run came to no checkpoint", async () => {
    const run = await create();
    run.appendMetrics({ step: 1 });
    await run.close();
    const again = await openRunDirectory(run.path, testHost(cwd));
    expect(again.resumed).toBeNull();
    expect(readFileSync(join(run.path, "metrics.jsonl"), "utf8")).toBe("");
    await again.close();
  });

  test("takes the newest whole checkpoint when a kill came before the first latest.json", async () => {
    const run = await create();
    await run.writeCheckpoint(testCheckpoint(10));
    await run.close();
    rmSync(join(run.path, "latest.json"));
    const again = await openRunDirectory(run.path, testHost(cwd));
    expect(again.resumed).toEqual(testCheckpoint(10));
    await again.close();
  });

  test("refuses a second writer", async () => {
    const run = await create();
    await expect(openRunDirectory(run.path, testHost(cwd))).rejects.toThrow(`${run.path} is being written by process`);
    await run.close();
  });

  test("refuses a directory that is no run", async () => {
    await expect(openRunDirectory("nowhere", testHost(cwd))).rejects.toThrow(
      new UsageError(
        `${join(cwd, "nowhere")} is not a run directory: can't read ${join(cwd, "nowhere", "run.json")}: there is no such file or directory`,
      ),
    );
  });

  test("names the field of run.json that is wrong, and the version that is newer", async () => {
    const run = await create();
    await run.close();
    const path = join(run.path, "run.json");
    writeFileSync(path, JSON.stringify({ ...testRecord, threads: 0 }));
    await expect(openRunDirectory(run.path, testHost(cwd))).rejects.toThrow(
      new FormatError(path, "threads: Too small: expected number to be >0"),
    );
    writeFileSync(path, JSON.stringify({ formatVersion: 2 }));
    await expect(openRunDirectory(run.path, testHost(cwd))).rejects.toThrow(
      new FormatError(path, "has format 2 but this residual reads 1; use the version of residual that wrote it"),
    );
  });

  test("releases the lock when the checkpoint is damaged, and says where", async () => {
    const run = await create();
    const checkpoint = await run.writeCheckpoint(testCheckpoint(10));
    await run.close();
    truncateSync(join(checkpoint, "state.safetensors"), 100);
    await expect(openRunDirectory(run.path, testHost(cwd))).rejects.toThrow(FormatError);
    expect(readdirSync(run.path)).not.toContain("lock");
  });

  test("keeps what writeRecord wrote", async () => {
    const run = await create();
    await run.writeRecord({ ...testRecord, results: { testAccuracy: 0.92 } });
    expect(run.record.results).toEqual({ testAccuracy: 0.92 });
    await run.close();
    expect((await readRunRecord(run.path)).results).toEqual({ testAccuracy: 0.92 });
  });
});

describe("openWeights(path, cwd, which)", () => {
  test("understands a run directory, its checkpoints, and a file under any name", async () => {
    const run = await create();
    await run.writeCheckpoint(testCheckpoint(10), 0.9);
    await run.writeCheckpoint(testCheckpoint(20), 0.8);
    await run.close();
    const { model: tensors, modelMetadata: metadata } = testCheckpoint(20);
    const file = join(run.path, "checkpoints", "20", "model.safetensors");
    expect(await openWeights("runs/demo", cwd)).toMatchObject({ file, step: 20, tensors, metadata });
    expect(await openWeights("runs/demo/checkpoints/20", cwd)).toMatchObject({ file, step: null, tensors, metadata });
    expect(await openWeights(file, "/")).toMatchObject({ file, step: null, tensors, metadata, format: "safetensors" });
    expect(await openWeights("runs/demo", cwd, "best")).toHaveProperty("tensors", testCheckpoint(10).model);
    writeFileSync(join(cwd, "weights"), readFileSync(file));
    expect(await openWeights("weights", cwd)).toHaveProperty("tensors", tensors);
  });

  const understood =
    "weights are a run directory, a checkpoint's directory, a safetensors, PyTorch (.pth), npz or ONNX file, or a Keras model (tfjs layers)";
  test("names what it understands when given anything else", async () => {
    const refused = async (path: string, message: string, remedy = `; ${understood}`) =>
      expect(openWeights(path, cwd)).rejects.toThrow(new UsageError(`${message}${remedy}`));
    writeFileSync(join(cwd, "shoe.png"), "\x89PNG\r\n\x1a\n----------------");
    writeFileSync(join(cwd, "empty"), "");
    mkdirSync(join(cwd, "folder"));
    const none = (name: string) => `${join(cwd, name)} holds no weights that can be read`;
    const bytes = "it starts with the bytes c2 89 50 4e 47 0d 0a 1a, which no format that is read does";
    await refused("shoe.png", none("shoe.png"), `: ${bytes}`);
    await refused("empty", none("empty"), ": it is empty");
    await refused("folder", `${join(cwd, "folder")} is a directory without run.json`);
    await refused("gone", `can't read ${join(cwd, "gone")}: there is no such file or directory`);
  });

  test("says that a run has no checkpoint yet", async () => {
    const run = await create();
    await run.close();
    await expect(openWeights("runs/demo", cwd)).rejects.toThrow(
      new UsageError(`the run ${run.path} has no checkpoint yet; train it further first`),
    );
  });

  test("calls a damaged .safetensors file damaged", async () => {
    writeFileSync(join(cwd, "m.safetensors"), "hello");
    await expect(openWeights("m.safetensors", cwd)).rejects.toThrow(FormatError);
  });
});
