import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryDirectory } from "../temporary-directory.test.fixture.ts";
import { numberClasses } from "./class-names.ts";
import { findContainers, splitFiles, splitOfName } from "./container-files.ts";

describe("splitOfName(path)", () => {
  test.each([
    ["train-00000-of-00002.parquet", "train"],
    ["imagenet1k-train-0000.tar", "train"],
    ["imagenet1k-validation-00.tar", "validation"],
    ["val_3.tar", "validation"],
    ["data/test-00000-of-00001.parquet", "test"],
    ["test/0.tar", "test"],
    ["train/test-0.tar", "test"],
    ["trains-0.tar", null],
    ["latest.tar", null],
    ["constraint.tar", null],
  ])("%s: %s", (path, split) => {
    expect(splitOfName(path)).toBe(split);
  });
});

describe("splitFiles(folder, files)", () => {
  test("ignores files that name no split where others do", () => {
    const { splits, ignored } = splitFiles("/f", ["train-10.tar", "train-9.tar", "val.tar", "more.tar"]);
    expect([...splits]).toEqual([
      ["train", ["train-9.tar", "train-10.tar"]],
      ["validation", ["val.tar"]],
    ]);
    expect(ignored).toEqual(["more.tar"]);
    expect([...splitFiles("/f", ["b.tar", "a.tar"]).splits]).toEqual([[null, ["a.tar", "b.tar"]]]);
  });
});

describe("findContainers(directory, extension)", () => {
  test("leaves archives alone that lie beside what was unpacked from them", async () => {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, "ILSVRC2012_img_train.tar"), "");
    expect([...((await findContainers(directory, ".tar"))?.splits.values() ?? [])]).toEqual([
      ["ILSVRC2012_img_train.tar"],
    ]);
    await mkdir(join(directory, "train", "n01440764"), { recursive: true });
    expect(await findContainers(directory, ".tar")).toBeNull();
    expect(await findContainers(directory, ".parquet")).toBeNull();
  });
});

describe("numberClasses(where, trained, names)", () => {
  test("keeps numbers, and numbers names in natural order", () => {
    expect(numberClasses("d", new Set([2, 0]), null).classes).toEqual(["0", "1", "2"]);
    const { classes, numberOf } = numberClasses("d", new Set(["c10", "c9", 4]), null);
    expect(classes).toEqual(["4", "c9", "c10"]);
    expect([numberOf("c10"), numberOf(4), numberOf("no")]).toEqual([2, 0, undefined]);
    expect(numberClasses("d", new Set(["b"]), ["a", "b"]).numberOf("b")).toBe(1);
  });
  test("refuses a label that no one can mean", () => {
    expect(() => numberClasses("d", new Set([2 ** 31 - 1]), null)).toThrow(
      "d has the label 2147483647; labels below 1000000 are read",
    );
  });
});
