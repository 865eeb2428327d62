import { chmod, mkdir, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { DataSetEvent } from "../data-set-options.ts";
import { claimingPng, inEveryFormat, jpeg, writeFiles } from "../image-folder.test.fixture.ts";
import { openDataSet } from "../open-data-set.ts";
import { temporaryDirectory } from "../temporary-directory.test.fixture.ts";
import { allPaths, classesOf, type Files, open, openFiles, pathsOf } from "./open-folder.test.fixture.ts";
import { openImageFolder } from "./open-image-folder.ts";

describe("openImageFolder(directory)", () => {
  test("takes class folders in natural order, and holds images of each class out as test by their names", async () => {
    const files = await classesOf(["class10", "class2", "class1"], 20);
    const { data, folder, told } = await open(files);
    expect(data.classes).toEqual(["class1", "class2", "class10"]);
    // The SHA-256 of these paths alone begin with less than 0.2·2³².
    expect(pathsOf(data.test)).toEqual([
      ...["class1/1.jpg", "class1/10.jpg", "class1/17.jpg", "class1/19.jpg", "class1/6.jpg"],
      ...["class2/1.jpg", "class2/12.jpg", "class2/17.jpg", "class2/2.jpg"],
      ...["class10/11.jpg", "class10/3.jpg", "class10/7.jpg", "class10/9.jpg"],
    ]);
    expect([data.train.labels.length, data.validation]).toEqual([47, null]);
    expect(data.origin).toBe(
      `folder of 3 classes, 60 images (13 of them held out as test, by their names), in ${folder}`,
    );
    expect(allPaths(data)).toEqual(Object.keys(files).sort());
    for (const source of [data.train, data.test]) {
      pathsOf(source).forEach((path, i) => {
        expect(data.classes[source.labels[i]!]).toBe(path.split("/")[0]);
      });
    }
    expect(told).toEqual([]);
    const again = await openImageFolder(folder, { seed: 9, validation: 6 });
    expect(pathsOf(again!.test)).toEqual(pathsOf(data.test)); // whatever the seed of the training
    expect(again?.validation?.labels.length).toBe(6);
    expect(again?.train.labels.length).toBe(41);
  });

  test("reads nested and oddly named files of every format, and ignores others, counted", async () => {
    const odd = "b/ü ß 'q\" $x\n;/…/-r%20.PNG";
    const { data, told } = await open({
      ...Object.fromEntries(Object.entries(await inEveryFormat()).map(([name, bytes]) => [`a/${name}`, bytes])),
      [odd]: await jpeg(21, 20, 4),
      "b/no-extension": await jpeg(20, 20, 3),
      "b/notes.txt": "text",
      "b/table.csv": "1,2",
      "b/more.txt": "text",
      "b/.hidden.jpg": "hidden",
      ".git/x.jpg": "hidden",
      "readme.md": "stray",
    });
    expect(data.train.labels.length + data.test.labels.length).toBe(12);
    expect(allPaths(data)).toContain(odd);
    expect(allPaths(data)).toContain("b/no-extension");
    expect(told).toEqual([
      "notice: ignored: 3 files of other kinds than PNG, JPEG, WebP, AVIF and GIF (2 .txt, 1 .csv)",
      "notice: ignored: 1 file beside the class folders, which have no class (readme.md)",
      "notice: ignored: 2 hidden entries",
      "notice: 1 file of another format than the name says: b/ü ß 'q\" $x\\u000a;/…/-r%20.PNG is JPEG",
    ]);
  });

  test("takes val/ or test/ alone where nothing is trained", async () => {
    const folder = await writeFiles(await temporaryDirectory(), await classesOf(["val/a", "val/b"], 2));
    const data = await openImageFolder(folder, { onlyTested: true });
    expect(data).toMatchObject({ classes: ["a", "b"], validation: null });
    expect(data?.train.labels).toHaveLength(0);
    expect(data?.test.labels).toEqual(Int32Array.of(0, 0, 1, 1));
  });

  test("follows links, but into no folder twice, and tells of those that lead nowhere", async () => {
    const folder = await writeFiles(await temporaryDirectory(), await classesOf(["a", "b", "elsewhere/deep"], 2));
    const root = join(folder, "data");
    await mkdir(join(root, "a"), { recursive: true });
    await symlink(join(folder, "b"), join(root, "b"));
    await symlink(join(folder, "elsewhere"), join(root, "a", "more"));
    await symlink(join(folder, "a", "0.jpg"), join(root, "a", "one.jpg"));
    await symlink(join(root, "a"), join(folder, "elsewhere", "back"));
    await symlink("..", join(root, "a", "up"));
    await symlink("nowhere", join(root, "a", "lost.jpg"));
    await symlink(".", join(root, "self"));
    const data = await openImageFolder(root);
    expect(data?.classes).toEqual(["a", "b"]);
    expect(allPaths(data!)).toEqual(["a/more/deep/0.jpg", "a/more/deep/1.jpg", "a/one.jpg", "b/0.jpg", "b/1.jpg"]);
    expect(data?.leftOut).toEqual([
      { file: "a/lost.jpg", problem: "is a link that leads nowhere (ENOENT)" },
      { file: "a/up", problem: "leads to a folder that is read already" },
      { file: "a/more/back", problem: "leads to a folder that is read already" },
      { file: "self", problem: "leads to a folder that is read already" },
    ]);
  });

  test("ignores what systems leave in folders, and tells of folders and locked files that are called pictures", async () => {
    const { folder } = await openFiles(await classesOf(["a", "b"], 2));
    await writeFiles(folder, {
      "a/Thumbs.db": "x",
      "a/.DS_Store": "x",
      "b/desktop.ini": "x",
      "b/kept.jpg/deep.jpg": await jpeg(16, 12, 9),
      "b/locked.jpg": await jpeg(16, 12, 10),
    });
    await mkdir(join(folder, "a", "empty.jpg"));
    await chmod(join(folder, "b", "locked.jpg"), 0);
    await chmod(folder, 0o755);
    const told: string[] = [];
    const onEvent = (event: DataSetEvent) => {
      if ("message" in event) told.push(event.message);
    };
    // Who is root may read anything.
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) process.seteuid?.(65534);
    const data = await openImageFolder(folder, { onEvent }).finally(() => {
      if (isRoot) process.seteuid?.(0);
    });
    expect(data?.leftOut).toEqual([
      { file: "a/empty.jpg", problem: "is an empty folder, not a picture" },
      { file: "b/locked.jpg", problem: "can't be read (EACCES)" },
    ]);
    expect(allPaths(data!)).toContain("b/kept.jpg/deep.jpg");
    expect(told).toContain("ignored: 3 hidden entries");
  });

  test("leaves out what can't be read, each with its line, in bounded memory", async () => {
    const good = await inEveryFormat();
    const before = process.memoryUsage().rss;
    const { data, told } = await open({
      "a/good.jpg": good["a.jpg"]!,
      "b/good.png": good["b.png"]!,
      "a/1-empty.jpg": "",
      "a/2-cut.jpg": (await jpeg(64, 64, 5)).subarray(0, 900),
      "a/3-cut.png": good["b.png"]!.subarray(0, 1500),
      "a/4-cut.webp": good["c.webp"]!.subarray(0, 90),
      "a/5-cut.gif": good["d.gif"]!.subarray(0, 900),
      "a/6-text.jpg": "<html>not found</html>",
      "a/7-huge.png": await claimingPng(20_000, 20_000),
      "b/8-lying.jpg": good["c.webp"]!,
    });
    expect(process.memoryUsage().rss - before).toBeLessThan(300e6); // 20,000² pixels are 1.2 GB
    expect(data.leftOut?.map(({ file, problem }) => [file, problem.replace(/\(.+\)/, "(…)")])).toEqual([
      ["a/1-empty.jpg", "is empty: 0 bytes"],
      ["a/2-cut.jpg", "is damaged: it can't be decoded (…)"],
      ["a/3-cut.png", "is damaged: it can't be decoded (…)"],
      ["a/4-cut.webp", expect.stringMatching(/is damaged|is not a picture/)],
      ["a/5-cut.gif", expect.stringMatching(/is damaged|is not a picture/)],
      ["a/6-text.jpg", "is not a picture that can be read: PNG, JPEG, WebP, AVIF and GIF are (…)"],
      ["a/7-huge.png", "has 20000×20000 pixels; pictures of at most 100000000 are read"],
    ]);
    expect(allPaths(data)).toEqual(["a/good.jpg", "b/8-lying.jpg", "b/good.png"]);
    expect(told).toHaveLength(9);
    expect(told[0]).toBe("warning: left out: a/1-empty.jpg is empty: 0 bytes");
    expect(told.slice(7)).toEqual([
      "warning: 7 files left out, 3 images used",
      "notice: 1 file of another format than the name says: b/8-lying.jpg is WEBP",
    ]);
  });

  test("tells of classes without images, and of images that are tested and trained on", async () => {
    const files = await classesOf(["train/a"], 20);
    const { told, data } = await open({
      ...files,
      "train/b/x.jpg": await jpeg(16, 12, 800),
      "train/empty/notes.txt": "",
      "test/b/x.jpg": await jpeg(16, 12, 900),
      "test/a/y.jpg": files["train/a/7.jpg"]!,
    });
    expect(data.classes).toEqual(["a", "b"]);
    expect(told).toEqual([
      "warning: folders without images are no classes: train/empty",
      "notice: ignored: 1 file of other kinds than PNG, JPEG, WebP, AVIF and GIF (1 .txt)",
      "warning: 1 test image is a training image as well, byte for byte (test/a/y.jpg = train/a/7.jpg); test accuracy is flattered by them",
    ]);
  });

  test("tells of an image that lies in two classes", async () => {
    const files = await classesOf(["train/a", "train/b", "test/a", "test/b"], 1);
    const { told } = await open({ ...files, "train/b/again.jpg": files["train/a/0.jpg"]! });
    expect(told).toEqual([
      "warning: 1 image lies in two classes, byte for byte (train/a/0.jpg = train/b/again.jpg); one label of each is wrong",
    ]);
  });

  test.each<[string, Files, string]>([
    [
      "a single class",
      { "cats/a.jpg": "jpeg" },
      'holds one class of images, "cats", but a network learns to tell at least two apart; put the images of each class into a folder of its own',
    ],
    [
      "no image that can be read",
      { "a/x.jpg": "", "b/y.png": "" },
      "none of its 2 images can be read, for example a/x.jpg: is empty: 0 bytes",
    ],
    [
      "one image of each class",
      { "a/x.jpg": "jpeg", "b/x.jpg": "jpeg" },
      "no image can be held out as test, for each class has one alone; add images, or put those to test on into test/ beside train/",
    ],
    [
      "no train folder among others",
      { "val/a/x.jpg": "jpeg", "test/a/x.jpg": "jpeg", "more/x.jpg": "jpeg" },
      "holds test, val but no train folder; add the images to train on",
    ],
    [
      "a class that isn't trained on",
      { "train/a/x.jpg": "jpeg", "train/b/x.jpg": "jpeg", "val/c/z.jpg": "jpeg" },
      'val/c/z.jpg is of the class "c", of which there is no image to train on; add some or remove the class',
    ],
    [
      "no train folder",
      { "val/a/x.jpg": "jpeg", "test/a/x.jpg": "jpeg" },
      "holds test, val but no train folder; add the images to train on",
    ],
    [
      "two of a split",
      { "train/a/x.jpg": "jpeg", "val/a/x.jpg": "jpeg", "valid/a/x.jpg": "jpeg" },
      "holds val and valid, which mean the same; keep one of them",
    ],
  ])("refuses %s in one sentence", async (_, files, message) => {
    const bytes = await jpeg(8, 8, 1);
    const written = Object.fromEntries(
      Object.entries(files).map(([path, text]) => [path, text === "jpeg" ? bytes : text]),
    );
    await expect(openFiles(written)).rejects.toThrow(message);
  });

  test("is no data set without images in folders", async () => {
    for (const files of [{ "a/notes.txt": "" }, { "x.jpg": await jpeg(8, 8, 1) }, {}] as Files[]) {
      expect((await openFiles(files)).data).toBeNull();
    }
    const { folder } = await openFiles({ "a/notes.txt": "" });
    const message = await openDataSet(folder).then(() => "", String);
    expect(message).toContain(
      `${folder} holds no data set that is recognised. Recognised are: IDX files (train-images-idx3-ubyte.gz and so on); `,
    );
    expect(message).toContain(
      "; a folder for each class of images (cats/1.jpg, dogs/2.png and so on), or train/ and val/ with such folders",
    );
  });

  test("has a checksum that changes with names and contents of images, and with nothing else", async () => {
    const files = await classesOf(["a", "b"], 3);
    const { folder, data } = await open(files);
    const checksum = async () => (await openDataSet(folder)).files.map(({ sha256 }) => sha256);
    const before = data.files.map(({ sha256 }) => sha256);
    expect(data.files[0]?.path).toBe(folder);
    await writeFile(join(folder, "a", "notes.txt"), "not an image");
    await utimes(join(folder, "a", "0.jpg"), 1, 1);
    expect(await checksum()).toEqual(before);
    const other = Buffer.from(files["a/0.jpg"]!);
    other[other.length - 20]! ^= 1;
    await writeFile(join(folder, "a", "0.jpg"), other);
    const changed = await checksum();
    expect(changed).not.toEqual(before);
    await writeFile(join(folder, "a", "0.jpg"), files["a/0.jpg"]!);
    await writeFile(join(folder, "a", "3.jpg"), await jpeg(8, 8, 77));
    expect(await checksum()).not.toEqual(before);
  });

  test("stops with the signal's reason", async () => {
    const folder = await writeFiles(await temporaryDirectory(), await classesOf(["a", "b"], 3));
    const signal = AbortSignal.abort(new Error("Ctrl-C"));
    await expect(openImageFolder(folder, { signal })).rejects.toThrow("Ctrl-C");
  });
});
