import { describe, expect, test } from "vitest";
import { UsageError } from "../base/errors.ts";
import { filesSource, memorySource } from "../data/source.ts";
import { namedSpec } from "../spec/named-networks.ts";
import { imagesForModel, matchClasses } from "./match-classes.ts";

const source = filesSource("/photos", ["cats/1.jpg", "dogs/1.jpg"], [0, 1]);
const data = { name: "photos", classes: ["cats", "dogs"] };

describe("matchClasses(source, data, known)", () => {
  test("numbers a folder's classes as the network does, by their names", () => {
    const known = ["birds", "dogs", "cats"];
    const matched = matchClasses(source, data, known);
    expect([[...matched.source.labels], matched.classes]).toEqual([[2, 1], known]);
    expect([...source.labels]).toEqual([0, 1]);
  });
  test("leaves numbers alone where the network has no names, or the data are no folder", () => {
    expect(matchClasses(source, data, null)).toEqual({ source, classes: data.classes });
    const memory = memorySource([1, 1, 1], Uint8Array.of(1, 2), [0, 1]);
    expect(matchClasses(memory, { name: "idx", classes: ["0", "1"] }, ["shoe", "bag"]).source).toBe(memory);
  });
  test("leaves numbers alone that the data fix, where the network has other words for as many classes", () => {
    const fixed = { ...data, labelsAreFixed: true };
    const taken = matchClasses(source, fixed, ["tabby", "dogs"]);
    expect(taken.source).toBe(source);
    expect(taken.notice).toBe(
      'photos and the weights name one class differently (class 0: "cats" and "tabby"): the numbers of photos are taken to be the weights\'; if they aren\'t, the figures mean nothing',
    );
    expect(matchClasses(source, fixed, ["x", "y"]).notice).toContain("name 2 of 2 classes differently");
    expect(matchClasses(source, fixed, ["cats", "dogs"])).toEqual({ source, classes: ["cats", "dogs"] });
    expect([...matchClasses(source, fixed, ["dogs", "cats"]).source.labels]).toEqual([1, 0]);
    expect(() => matchClasses(source, fixed, ["a", "b", "c"])).toThrow(
      "photos has classes that the weights don't know",
    );
  });
  test("refuses a class whose name the network gives to two of its own, and no other", () => {
    expect(() => matchClasses(source, data, ["dogs", "crane", "cats", "crane", "dogs"])).toThrow(
      new UsageError(
        'photos has the class "dogs", but the weights give that name to classes 0 and 4; move the folder out of photos, or give these classes of the weights different names and the folder the one that is meant',
      ),
    );
    expect([...matchClasses(source, data, ["dogs", "crane", "cats", "crane"]).source.labels]).toEqual([2, 0]);
  });
  test("refuses a class that the network doesn't know", () => {
    expect(() => matchClasses(source, data, ["cats", "a", "b", "c"])).toThrow(
      new UsageError("photos has classes that the weights don't know: dogs; they know cats, a, b, …"),
    );
  });
});

test("imagesForModel(model, source, data) refuses labels beyond the network's classes before anything is computed", () => {
  const model = { spec: namedSpec("resnet20", { classes: 2 }), tensors: new Map(), preprocessing: null, classes: null };
  const labelled = (labels: readonly number[]) => filesSource("/photos", ["1.jpg", "2.jpg"], [...labels]);
  expect([...imagesForModel(model, labelled([1, 0]), data).source.labels]).toEqual([1, 0]);
  const three = { name: "three", classes: ["a", "b", "c"] };
  expect(() => imagesForModel(model, labelled([0, 2]), three)).toThrow(
    new UsageError(
      "resnet20 tells 2 classes apart, but three has 3: it can't answer class 2; evaluate it on data of its own classes",
    ),
  );
});
