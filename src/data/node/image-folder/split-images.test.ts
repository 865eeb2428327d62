import { describe, expect, test } from "vitest";
import { UsageError } from "../../../base/errors.ts";
import type { DataSet } from "../../data-set.ts";
import { jpeg } from "../image-folder.test.fixture.ts";
import { allPaths, classesOf, open, pathsOf } from "./open-folder.test.fixture.ts";
import { openImageFolder } from "./open-image-folder.ts";

describe("the splits of a folder of images", () => {
  test("tests on nothing that was trained on before images were added, or train/ was put around them", async () => {
    const few = await classesOf(["a", "b"], 20);
    const many = await classesOf(["a", "b"], 40);
    const [before, after] = [(await open(few)).data, (await open({ ...many, "a/0/new.jpg": few["a/0.jpg"]! })).data];
    expect(pathsOf(after.test).length).toBeGreaterThan(pathsOf(before.test).length);
    const stayed = (source: DataSet["train"]) => pathsOf(source).filter((path) => few[path] !== undefined);
    expect([stayed(after.train), stayed(after.test)]).toEqual([pathsOf(before.train), pathsOf(before.test)]);
    const moved = Object.fromEntries(Object.entries(few).map(([path, bytes]) => [`train/${path}`, bytes]));
    expect(pathsOf((await open(moved)).data.test)).toEqual(pathsOf(before.test).map((path) => `train/${path}`));
  });

  test("trains on every class, and refuses to hold all images of one out for validation", async () => {
    const files = {
      ...(await classesOf(["a", "b"], 8)),
      "c/0.jpg": await jpeg(8, 8, 9),
      "d/0.jpg": await jpeg(8, 8, 8),
    };
    const { data, folder } = await open(files);
    expect(new Set(data.train.labels)).toEqual(new Set([0, 1, 2, 3]));
    const options = { validation: data.train.labels.length - 1 };
    await expect(openImageFolder(folder, options)).rejects.toThrow(
      new UsageError(
        `${folder}: no image of the class "b" is left to train on, for validation holds out all of them; add some, or hold fewer than ${options.validation} images out`,
      ),
    );
  });

  test("takes train/ and val/ as they are, val/ as the test split", async () => {
    const { data, folder } = await open(await classesOf(["train/a", "train/b", "val/b", "val/a"], 2));
    expect([pathsOf(data.train), pathsOf(data.test)]).toEqual([
      ["train/a/0.jpg", "train/a/1.jpg", "train/b/0.jpg", "train/b/1.jpg"],
      ["val/a/0.jpg", "val/a/1.jpg", "val/b/0.jpg", "val/b/1.jpg"],
    ]);
    expect(data.validation).toBeNull();
    expect(data.origin).toBe(`folder of 2 classes, 8 images (train/, val/), in ${folder}`);
  });

  test("takes validation/ for choices where there is test/ as well", async () => {
    const { data, folder } = await open(
      await classesOf(["Train/a", "Train/b", "validation/a", "validation/b", "test/a", "test/b"], 1),
    );
    expect([pathsOf(data.validation), pathsOf(data.test)]).toEqual([
      ["validation/a/0.jpg", "validation/b/0.jpg"],
      ["test/a/0.jpg", "test/b/0.jpg"],
    ]);
    await expect(openImageFolder(folder, { validation: 2 })).rejects.toThrow(
      new UsageError(
        `${folder}: validation/ is the validation split, so 2 training images can't be held out as well; leave out --validation (where a recipe holds them out, give --validation 0)`,
      ),
    );
    expect((await openImageFolder(folder, { validation: 0 }))?.validation?.labels.length).toBe(2);
  });

  test("takes train/ and val/ for splits whatever stands beside them, and tells what it doesn't look into", async () => {
    const files = await classesOf(["train/a", "train/b", "val/a", "val/b"], 1);
    const beside = { "annotations/a/0.jpg": files["val/a/0.jpg"]!, "masks/0.png": "", "__MACOSX/train/._0.jpg": "" };
    const { data, told, folder } = await open({ ...files, ...beside, "train/__MACOSX/0.jpg": "", ".cache/0.jpg": "" });
    expect(data.classes).toEqual(["a", "b"]);
    expect(allPaths(data)).toEqual(Object.keys(files).sort());
    expect(data.origin).toBe(`folder of 2 classes, 4 images (train/, val/), in ${folder}`);
    expect(told).toEqual([
      "notice: ignored: 2 folders beside train/, val/ (annotations, masks)",
      "notice: ignored: 3 hidden entries",
    ]);
  });

  test("splits train/ where there is nothing else, and takes a class called train for one beside others", async () => {
    const alone = await open(await classesOf(["train/a", "train/b"], 5));
    expect([alone.data.train.labels.length, alone.data.test.labels.length]).toEqual([7, 3]);
    const vehicles = await open(await classesOf(["bus", "train"], 5));
    expect(vehicles.data.classes).toEqual(["bus", "train"]);
    const archive = await open({ ...(await classesOf(["train/a", "train/b"], 5)), "__MACOSX/._train": "" });
    expect(archive.data.classes).toEqual(["a", "b"]);
  });
});
