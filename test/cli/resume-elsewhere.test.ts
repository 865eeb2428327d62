// A run that is gone on with by other threads, or on another machine: it says what can't be bit-equal, and goes on.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeFolder, residual, tinyRecipe, tinySpec, writeJson, writeTinyData } from "./command-line.ts";

let folder = "";
let remove = async (): Promise<void> => {};
beforeAll(async () => {
  ({ folder, remove } = await makeFolder());
  writeTinyData(folder);
  writeJson(folder, "tiny.json", tinySpec);
  writeJson(folder, "recipe.json", tinyRecipe(1, 5));
  const words = "train tiny-data --model tiny.json --recipe recipe.json --threads 1 --choices rules --out run";
  const ended = await residual(folder, words.split(" "));
  if (ended.status !== 0) throw new Error(ended.stderr);
});
afterAll(() => remove());

const differs = /goes on with other means than it was begun with \((.*)\): it is not bit-equal to an unbroken one/;

test("the same threads and machine say nothing", async () => {
  const { status, stderr } = await residual(folder, ["train", "--resume", "run", "--epochs", "2"]);
  expect(status, stderr).toBe(0);
  expect(stderr).not.toMatch(differs);
});

test("other threads and another processor are named, and the run goes on", async () => {
  const file = join(folder, "run", "run.json");
  const record: { hardware: { cpu: string } } = JSON.parse(readFileSync(file, "utf8"));
  const { cpu } = record.hardware;
  record.hardware.cpu = "Another 9000";
  writeFileSync(file, JSON.stringify(record));
  const { status, stderr } = await residual(folder, ["train", "--resume", "run", "--epochs", "3", "--threads", "2"]);
  expect(status, stderr).toBe(0);
  expect(differs.exec(stderr)?.[1]).toBe(`threads 1 → 2, processor Another 9000 → ${cpu}`);
  expect(stderr).toContain("epoch 3/3");
});
