// A training whose disk fills up, or turns read-only, while it goes: on a small file system of its own, in memory.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { UsageError } from "../../base/errors.ts";
import { FileError } from "../../base/file-error.ts";
import { recipe } from "../../train/parse-recipe.ts";
import { listingBroken } from "../broken-images.ts";
import { madeUpEnvironment, syntheticData, tinySpec } from "../environment.test.fixture.ts";
import type { CommandEvent } from "../events.ts";
import { readLatest } from "../run-directory/run-directory.ts";
import { resumeTraining, train } from "../train.ts";
import type { TrainOptions } from "./options.ts";

let cwd = "";
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "residual-full-"));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

/** Whether `cwd` is a file system of its own now; it takes root. */
const mounted = (bytes: string): boolean => {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "residual-test", cwd], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};
const unmount = (): void => void execFileSync("umount", ["--lazy", cwd]);

const data = { ...syntheticData, train: syntheticData.train, test: syntheticData.test };
const options = (out: string, keepCheckpoints = 2): TrainOptions => ({
  data,
  model: tinySpec(3),
  engine: "reference",
  out,
  workers: 0,
  recipe: recipe({
    name: "full",
    batch: 20,
    epochs: 2,
    optimizer: { kind: "sgd" },
    schedule: { kind: "constant", learningRate: 0.05 },
    checkpointEvery: { steps: 4 },
    keepCheckpoints,
  }),
});

/** The environment in which `spoil` is called once step `step` is done. */
const spoiling = (step: number, spoil: () => void, events: CommandEvent[] = []) => {
  const environment = madeUpEnvironment(cwd, data, events);
  return {
    ...environment,
    onEvent: (event: CommandEvent): void => {
      environment.onEvent(event);
      if (event.event === "step" && event.step === step) spoil();
    },
  };
};

const failureOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "no failure",
    (error) => error,
  );

describe("train on a disk that fails", { timeout: 60_000 }, () => {
  test("full: the last checkpoint stays valid, the error says so, and the resumed run is the unbroken one", async (context) => {
    if (!mounted("2m")) context.skip("mounting a file system takes root");
    try {
      await train(options("unbroken"), madeUpEnvironment(cwd, data));
      const filler = join(cwd, "filler");
      const fill = (): void => {
        const { bavail, bsize } = statfsSync(cwd);
        writeFileSync(filler, new Uint8Array(bavail * bsize - 2 * bsize)); // two pages: for metrics and events
      };
      const path = join(cwd, "full");
      const error = await failureOf(train(options("full"), spoiling(10, fill)));
      expect(error).toBeInstanceOf(FileError);
      expect(error).not.toBeInstanceOf(UsageError); // exit status 1, not 2
      expect(String(error)).toMatch(
        new RegExp(
          `^FileError: can't write ${path}/checkpoints/12 \\(\\d+ bytes\\): no space is left on its disk; free some, or choose another directory; ` +
            `checkpoint 8 is still valid; the training stopped; when that is mended, go on with residual train --resume ${path}$`,
        ),
      );
      expect(readdirSync(join(path, "checkpoints")).sort()).toEqual(["4", "8"]);
      expect((await readLatest(path))?.step).toBe(8);
      rmSync(filler);
      await resumeTraining({ resume: path, data }, madeUpEnvironment(cwd, data));
      expect(await readLatest(path)).toEqual(await readLatest(join(cwd, "unbroken")));
    } finally {
      unmount();
    }
  });

  test("read-only: told as the machine's failure, with what is still valid", async (context) => {
    if (!mounted("2m")) context.skip("mounting a file system takes root");
    try {
      const path = join(cwd, "locked");
      // The logs are open, so that a remount would be refused: their directory's device is bound read-only over itself.
      const lock = (): void => {
        execFileSync("mount", ["--bind", join(path, "checkpoints"), join(path, "checkpoints")]);
        execFileSync("mount", ["-o", "remount,bind,ro", join(path, "checkpoints")]);
      };
      const error = await failureOf(train(options("locked"), spoiling(5, lock)));
      execFileSync("umount", ["--lazy", join(path, "checkpoints")]);
      expect(error).toBeInstanceOf(FileError);
      expect(String(error)).toMatch(
        new RegExp(
          `^FileError: can't write ${path}/checkpoints/8 \\(\\d+ bytes\\): the file system is read-only; checkpoint 4 is still valid; ` +
            `the training stopped; when that is mended, go on with residual train --resume ${path}$`,
        ),
      );
      expect((await readLatest(path))?.step).toBe(4);
    } finally {
      unmount();
    }
  });

  test("full before a log line fits: the sentence names the log, and the log is whole", async (context) => {
    if (!mounted("2m")) context.skip("mounting a file system takes root");
    try {
      const path = join(cwd, "brim");
      const fill = (): void => {
        const { bavail, bsize } = statfsSync(cwd);
        writeFileSync(join(cwd, "filler"), new Uint8Array(bavail * bsize));
      };
      // Ten lines of metrics take less than a page: the log of events or the next checkpoint may be what fails first.
      const error = await failureOf(train(options("brim"), spoiling(1, fill)));
      expect(error).toBeInstanceOf(FileError);
      expect(String(error)).toMatch(
        /: no space is left on its disk; .* is (still valid|untouched); the training stopped; /,
      );
      expect((await readLatest(path))?.step).toBe(0);
    } finally {
      unmount();
    }
  });

  test("keeps as many checkpoints as the recipe says", async () => {
    await train(options("three", 3), madeUpEnvironment(cwd, data));
    expect(readdirSync(join(cwd, "three", "checkpoints")).sort()).toEqual(["12", "16", "20"]);
    await train(options("one", 1), madeUpEnvironment(cwd, data));
    expect(readdirSync(join(cwd, "one", "checkpoints"))).toEqual(["20"]);
  });
});

describe("listingBroken on a full disk", () => {
  test("says which list could not be added to, and leaves its lines whole", async (context) => {
    if (!mounted("64k")) context.skip("mounting a file system takes root");
    try {
      const onEvent: (event: CommandEvent) => void = () => {};
      const environment = await listingBroken({ onEvent }, cwd, data);
      const tell = (problem: string): void =>
        environment.onEvent({ event: "broken", use: "training", problem, message: "" });
      tell("a.jpg is no picture");
      const { bavail, bsize } = statfsSync(cwd);
      writeFileSync(join(cwd, "filler"), new Uint8Array(bavail * bsize));
      truncateSync(join(cwd, "filler"), Math.max(0, bavail - 1) * bsize);
      const attempt = (): void => tell(`b.jpg ${"x".repeat(20_000)}`);
      expect(attempt).toThrow(
        /^can't append 200\d\d bytes to .*\/broken-images\.jsonl: no space is left on its disk; free some, or choose another directory; what it held before is untouched$/,
      );
      expect(readFileSync(join(cwd, "broken-images.jsonl"), "utf8")).toBe(
        '{"found":"training","problem":"a.jpg is no picture"}\n',
      );
    } finally {
      unmount();
    }
  });
});
