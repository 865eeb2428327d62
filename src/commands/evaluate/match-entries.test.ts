import { describe, expect, test } from "vitest";
import { FormatError } from "../../base/errors.ts";
import { filesSource, memorySource } from "../../data/source.ts";
import type { Votes } from "../../evaluate/accepted-labels.ts";
import type { LabelFile } from "./label-file.ts";
import { matchEntries } from "./match-entries.ts";

const votesOf = (label: number): Votes => [[label]];
/** A file without names: entry i accepts class i. */
const listed = (count: number): LabelFile => ({
  path: "real.json",
  kind: "accepted",
  entries: Array.from({ length: count }, (_, label) => ({ name: null, votes: votesOf(label) })),
});
const named = (...names: readonly string[]): LabelFile => ({
  path: "real.json",
  kind: "accepted",
  entries: names.map((name, label) => ({ name, votes: votesOf(label) })),
});
const folder = (...paths: readonly string[]) =>
  filesSource(
    "/imagenet",
    paths,
    paths.map(() => 0),
  );
const memory = memorySource([1, 1, 1], Uint8Array.of(1, 2, 3), [0, 0, 0]);

describe("matchEntries(file, source)", () => {
  test("takes ReaL's list by the number in ImageNet's file names, which counts from 1, whatever order the folders are in", () => {
    const source = folder("n01440764/ILSVRC2012_val_00000005.JPEG", "n01443537/ILSVRC2012_val_00000002.JPEG");
    expect(matchEntries(listed(6), source)).toEqual({
      votes: [votesOf(4), votesOf(1)],
      by: "the number in ImageNet's file names",
      unmatched: 4,
    });
  });
  test("refuses a list that is shorter than ImageNet's numbers", () => {
    const source = folder("a/ILSVRC2012_val_00000002.JPEG", "b/ILSVRC2012_val_00000007.JPEG");
    expect(() => matchEntries(listed(6), source)).toThrow(
      new FormatError("real.json", "has 6 lists but the split has the image b/ILSVRC2012_val_00000007.JPEG"),
    );
  });
  test("takes a list by place where names aren't ImageNet's, one and all, or images lie in memory", () => {
    const source = folder("a/ILSVRC2012_val_00000002.JPEG", "b/another.JPEG");
    expect(matchEntries(listed(2), source)).toEqual({
      votes: [votesOf(0), votesOf(1)],
      by: "place in the split",
      unmatched: 0,
    });
    expect(matchEntries(listed(3), memory).by).toBe("place in the split");
    expect(() => matchEntries(listed(3), source)).toThrow(
      "has 3 lists but the split has 2 images; lists without file names need one for each, in order",
    );
  });
  test("takes names with or without their folders, and numbers as places in memory", () => {
    const source = folder("cats/1.jpg", "cats/2.jpg", "dogs/1.jpg");
    expect(matchEntries(named("dogs/1.jpg", "2.jpg", "birds/1.jpg"), source)).toEqual({
      votes: [null, votesOf(1), votesOf(0)],
      by: "file name",
      unmatched: 1,
    });
    expect(matchEntries(named("2", "0"), memory)).toEqual({
      votes: [votesOf(1), null, votesOf(0)],
      by: "place in the split",
      unmatched: 0,
    });
  });
  test.each([
    [["1.jpg"], 'several images are called "1.jpg"; give the folder as well, as in "class/1.jpg"'],
    [["2.jpg", "cats/2.jpg"], '"cats/2.jpg" is there twice'],
    [["x.jpg"], 'none of its 1 names is an image of the split, for example "x.jpg"; images are called "cats/1.jpg"'],
  ])("refuses the names %j", (names, message) => {
    const source = folder("cats/1.jpg", "cats/2.jpg", "dogs/1.jpg");
    expect(() => matchEntries(named(...names), source)).toThrow(new FormatError("real.json", message));
  });
});
