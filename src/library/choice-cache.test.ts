import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { addToChoiceCache, choiceCacheFile, mostChoices, processorOf, readChoiceCache } from "./choice-cache.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "choices-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What is read, with the notices. */
const read = (processor: string): { choices: Readonly<Record<string, string>>; notices: string[] } => {
  const notices: string[] = [];
  return { choices: readChoiceCache(choiceCacheFile(folder), processor, (message) => notices.push(message)), notices };
};

describe("the cache of measured choices", () => {
  test("gives back what was added, to the same processor alone", async () => {
    const file = choiceCacheFile(folder);
    await addToChoiceCache(file, "a", { "3×3": "direct", "1×1": "by rule" });
    await addToChoiceCache(file, "b", { "3×3": "auto" });
    await addToChoiceCache(file, "a", { "3×3": "auto" });
    expect(read("a")).toEqual({ choices: { "3×3": "auto", "1×1": "by rule" }, notices: [] });
    expect(read("b").choices).toEqual({ "3×3": "auto" });
    expect(read("c").choices).toEqual({});
    expect(readdirSync(folder)).toEqual(["convolution-choices.json"]);
  });

  test("is empty where there is no file, and says nothing of it", () => {
    expect(read("a")).toEqual({ choices: {}, notices: [] });
  });

  test.each([
    "{",
    "[]",
    '{"formatVersion": 2, "choices": {}}',
    '{"formatVersion": 1, "choices": {"a | x": 1}}',
    '{"formatVersion": 1, "choices": []}',
  ])("passes over %s with one sentence, and replaces it", async (text) => {
    const file = choiceCacheFile(folder);
    writeFileSync(file, text);
    expect(read("a")).toEqual({
      choices: {},
      notices: [`${file} is not a cache of measured choices, and is passed over; the next measurement replaces it`],
    });
    await addToChoiceCache(file, "a", { "3×3": "direct" });
    expect(read("a")).toEqual({ choices: { "3×3": "direct" }, notices: [] });
  });

  test("keeps the newest choices only", async () => {
    const file = choiceCacheFile(folder);
    const many = Object.fromEntries(Array.from({ length: mostChoices }, (_, i) => [`layer ${i}`, "direct"]));
    await addToChoiceCache(file, "a", many);
    await addToChoiceCache(file, "a", { one: "auto", "layer 0": "auto" });
    const { choices } = read("a");
    expect(Object.keys(choices)).toHaveLength(mostChoices);
    expect(choices).toMatchObject({ one: "auto", "layer 0": "auto" });
    expect(choices["layer 1"]).toBeUndefined();
  });

  test("does without a file that can't be written", async () => {
    const file = choiceCacheFile(join(folder, "not", "there"));
    writeFileSync(join(folder, "not"), "a file where a folder should be");
    await addToChoiceCache(file, "a", { "3×3": "direct" });
    expect(readFileSync(join(folder, "not"), "utf8")).toContain("a file");
  });

  test("makes its folder", async () => {
    const file = choiceCacheFile(join(folder, "cache", "residual"));
    await addToChoiceCache(file, "a", { "3×3": "direct" });
    mkdirSync(join(folder, "other"));
    expect(readFileSync(file, "utf8")).toContain("a | 3×3");
  });
});

test("processorOf(cpuinfo, name) tells processors of one name apart", () => {
  const cpuinfo = "processor\t: 0\ncpu family\t: 26\nmodel\t\t: 2\nmodel name\t: AMD EPYC\nstepping\t: 1\n";
  expect(processorOf(cpuinfo, "AMD EPYC")).toBe("AMD EPYC cpu family 26 model 2 stepping 1");
  expect(processorOf(null, "Apple M2")).toBe("Apple M2");
});
