import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readLabelFile } from "./label-file.ts";

let cwd = "";
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "residual-labels-"));
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

const read = async (text: string, classes: readonly string[] = ["cat", "dog", "7"]) => {
  await writeFile(join(cwd, "labels"), text);
  const { kind, entries } = await readLabelFile("labels", classes, cwd);
  return { kind, entries: entries.map(({ name, votes }) => [name, votes]) };
};

describe("readLabelFile(file, classes, cwd)", () => {
  test("reads ReaL's lists, by place or by name; an empty one leaves its image out", async () => {
    expect(await read("[[0, 1], [], [2]]")).toEqual({
      kind: "accepted",
      entries: [
        [null, [[0, 1]]],
        [null, null],
        [null, [[2]]],
      ],
    });
    expect(await read('{"a.jpg": ["dog"], "b.jpg": []}')).toEqual({
      kind: "accepted",
      entries: [
        ["a.jpg", [[1]]],
        ["b.jpg", null],
      ],
    });
  });
  test("reads votes as JSON: a list for each annotator, who may accept nothing", async () => {
    expect(await read('[[[0], ["dog", 0], []], []]')).toEqual({
      kind: "votes",
      entries: [
        [null, [[0], [1, 0], []]],
        [null, null],
      ],
    });
  });
  test("reads accepted labels as CSV: a row for each, an image without any is left out", async () => {
    expect(await read("image,label\na.jpg,0\nb.jpg,\na.jpg,dog\n")).toEqual({
      kind: "accepted",
      entries: [
        ["a.jpg", [[0, 1]]],
        ["b.jpg", null],
      ],
    });
  });
  test("reads votes as CSV: rows of one annotator and image belong together, in whatever order; an empty label accepts nothing", async () => {
    const text = "label,annotator,image\ncat,ann,a.jpg\n1,bob,a.jpg\n,cid,a.jpg\n1,ann,a.jpg\n,ann,b.jpg\n";
    expect(await read(text)).toEqual({
      kind: "votes",
      entries: [
        ["a.jpg", [[0, 1], [1], []]],
        ["b.jpg", [[]]],
      ],
    });
  });
  test("takes a class by its name before its number", async () => {
    expect((await read('[["7"], [1]]')).entries).toEqual([
      [null, [[2]]],
      [null, [[1]]],
    ]);
  });
  test.each([
    ["[[0], 3]", "entry 1 should be a list but is 3"],
    ["[[0, [1]]]", "entry 0 mixes labels with lists of labels"],
    ["[[", "is not valid JSON"],
    ['{"a": ["bird"]}', '"a": "bird" is no class; the network knows 0 … 2 and their names'],
    ["image,label\na,3\n", 'record 2: "3" is no class; the network knows 0 … 2 and their names'],
    ["image,label\na\n", "record 2 has 1 fields but the header has 2"],
    ["picture,label\na,1\n", "should have the columns image, label and, for votes, annotator but has picture, label"],
  ])("refuses %s", async (text, message) => {
    await expect(read(text)).rejects.toThrow(message);
  });
  test("refuses a name that two classes have, but not their numbers", async () => {
    await expect(read('[["crane"]]', ["crane", "crane"])).rejects.toThrow(
      'entry 0: more than one class is called "crane"; give the class\'s number',
    );
    expect((await read("[[1]]", ["crane", "crane"])).entries).toEqual([[null, [[1]]]]);
  });
});
