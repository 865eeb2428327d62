import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { FormatError, UsageError } from "../../../base/errors.ts";
import type { ImageSource } from "../../source.ts";
import { openDataSet } from "../open-data-set.ts";
import { temporaryDirectory } from "../temporary-directory.test.fixture.ts";
import { readMatStructures } from "./mat-file.ts";

/**
 * As the devkit's meta.mat: `synsets` of ILSVRC2012_ID, WNID, words, gloss, num_children and children, for three synsets. Made by scipy
 * 1.17's savemat, compressed.
 */
const meta = Buffer.from(
  "TUFUTEFCIDUuMCBNQVQtZmlsZSwgbWFkZSBieSBzY2lweSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIC" +
    "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAAAAAAAAAAAAABSU0PAAAAJgEAAHic3VPPa8IwGP06f9VLGTvtmD/AQ1q7VW/CNpgw" +
    "dthEj1JqtGE1HU1k23+/RGsbskBhXsQPXpLX8l5evrQeAKAOQFfOrsQVHKpT8paEU6InwX8YJ4LL923wyuczienL+/ztIcB+sJw+wuJVDlV95c" +
    "WKV2yT5bxmbLddJinNVgVhAPXqWGoPDHW+vpHP0QD7/M5+rXQTTde26Pqa7rrkDAe+P45GY23/5wafW8NH8Q8q0Dr/HqD5LvskHG3jpMgF5cpv" +
    "1ODXM/wUj9Ghb//ph62PXYsOtPnoa+a16RxD50JVk1PuAeNoeKflaPLxDB/Fn9gmozxF8qMVpPh7nsvuv3tC//0wxNF9qOVo+g9uDB/FBWFJOk" +
    "AzypIYCTXaz3Xu9/ALxrJB4Q==",
  "base64",
);

const tench = "n01440764";
const setter = "n02100735";
const fox = "n02119789";
const image = (number: number): string => `ILSVRC2012_val_${String(number).padStart(8, "0")}.JPEG`;

const train = Object.fromEntries(
  [fox, setter, tench].flatMap((synset) => [1, 2].map((i) => [`train/${synset}/${synset}_${i}.JPEG`, "x"])),
);
const flat = Object.fromEntries([1, 2, 3, 4].map((number) => [`val/${image(number)}`, "x"]));

const folderOf = async (files: Readonly<Record<string, Uint8Array | string>>): Promise<string> => {
  const directory = await temporaryDirectory();
  for (const [name, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), bytes);
  }
  return directory;
};

/** What the images of a split are of, by their files. */
const labelled = (source: ImageSource, classes: readonly string[]) =>
  source.kind === "files" ? source.paths.map((path, i) => [path, classes[source.labels[i] ?? -1]]) : [];

const truth = "ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt";

describe("ImageNet's layout with a flat val/", () => {
  test("takes the challenge's numbers through meta.mat to the order of the sorted synsets", async () => {
    const directory = await folderOf({
      ...train,
      ...flat,
      [truth]: "3\n1\n2\n1\n",
      "ILSVRC2012_devkit_t12/data/meta.mat": meta,
    });
    const data = await openDataSet(directory);
    const names = ["tench, Tinca tinca", "English setter", "kit fox, Vulpes macrotis"];
    expect(data.classes).toEqual(names);
    expect(labelled(data.test, names)).toEqual([
      [`val/${image(1)}`, names[0]],
      [`val/${image(2)}`, names[2]],
      [`val/${image(3)}`, names[1]],
      [`val/${image(4)}`, names[2]],
    ]);
    expect([...data.train.labels]).toEqual([0, 0, 1, 1, 2, 2]);
    expect(labelled(data.train, names)[0]).toEqual([`train/${tench}/${tench}_1.JPEG`, names[0]]);
    expect(data.labelsAreFixed).toBe(true);
    expect(data.origin).toBe(
      `ImageNet's layout: 3 synsets, 6 train + 4 test images (labels of val/ from ILSVRC2012_validation_ground_truth.txt, names from meta.mat), in ${directory}`,
    );
  });

  test("takes map_clsloc.txt instead, and leaves out what train/ hasn't or the list doesn't tell", async () => {
    const directory = await folderOf({
      ...train,
      ...flat,
      "map_clsloc.txt": `${fox} 1 kit_fox\n${setter} 2 English_setter\n${tench} 449 tench\nn03126707 511 crane\n`,
      "ILSVRC2012_validation_ground_truth.txt": "449\n511\n1\n",
    });
    const messages: string[] = [];
    const data = await openDataSet(directory, {
      onEvent: (event) => {
        if ("message" in event) messages.push(event.message);
      },
    });
    expect(data.classes).toEqual(["tench", "English setter", "kit fox"]);
    expect([...data.test.labels]).toEqual([0, 2]);
    const problem = "has no label in ILSVRC2012_validation_ground_truth.txt";
    expect(data.leftOut).toEqual([{ file: `val/${image(4)}`, problem }]);
    expect(messages).toEqual([
      "1 images of val/ are of synsets that train/ hasn't; they are not used",
      `val/${image(4)} ${problem}; it is left out`,
    ]);
  });

  test("takes Kaggle's archive with its solution, and tells classes of one name apart", async () => {
    const files = Object.entries({ ...train, ...flat }).map(([name, bytes]) => [`ILSVRC/Data/CLS-LOC/${name}`, bytes]);
    const directory = await folderOf({
      ...Object.fromEntries(files),
      "LOC_synset_mapping.txt": `${tench} crane\n${setter} English setter\n${fox} crane\n`,
      "LOC_val_solution.csv": [
        "ImageId,PredictionString",
        `ILSVRC2012_val_00000002,${tench} 85 1 499 272 `,
        `ILSVRC2012_val_00000001,${fox} 1 2 3 4 ${fox} 5 6 7 8`,
        `ILSVRC2012_val_00000003,${fox} 1 2 3 4`,
        `ILSVRC2012_val_00000004,${setter} 1 2 3 4`,
      ].join("\n"),
    });
    const data = await openDataSet(directory);
    expect(data.classes).toEqual([`crane (${tench})`, "English setter", `crane (${fox})`]);
    expect([...data.test.labels]).toEqual([2, 0, 2, 1]);
  });

  test("is refused where nothing tells the labels, or they can't be understood", async () => {
    const directory = await folderOf({ ...train, ...flat });
    await expect(openDataSet(directory)).rejects.toBeInstanceOf(UsageError);
    await expect(openDataSet(directory)).rejects.toThrow(
      `${directory}: the 4 images in ${directory}/val lie in no folders of synsets, and nothing says what they are of; add LOC_val_solution.csv, or the devkit's ILSVRC2012_validation_ground_truth.txt with its meta.mat`,
    );
    const list = join(directory, "ILSVRC2012_validation_ground_truth.txt");
    await writeFile(list, "3\n1\n2\n1\n");
    await expect(openDataSet(directory)).rejects.toThrow(
      `${list} tells the challenge's numbers of classes, 1 … 1000, which are not in the order of the synsets; put the devkit's meta.mat, or map_clsloc.txt, beside it`,
    );
    await writeFile(join(directory, "meta.mat"), meta);
    await writeFile(list, "3\n1\n4\n1\n");
    await expect(openDataSet(directory)).rejects.toThrow(
      `${list}: line 3 is "4", which is no class of ${directory}/meta.mat`,
    );
    await writeFile(join(directory, "meta.mat"), meta.subarray(0, 300));
    await expect(openDataSet(directory)).rejects.toThrow(`${directory}/meta.mat: is damaged`);
    await rm(join(directory, "meta.mat"));
    await writeFile(join(directory, "map_clsloc.txt"), "kit fox\n");
    await expect(openDataSet(directory)).rejects.toThrow(
      'map_clsloc.txt: line 1 should be a synset, a number and a name but is "kit fox"',
    );
  });
});

describe("ImageNet's layout with val/ in folders", () => {
  test("has the classes' names where a list tells them", async () => {
    const directory = await folderOf({
      ...train,
      [`val/${fox}/a.JPEG`]: "x",
      [`val/${tench}/b.JPEG`]: "x",
      "LOC_synset_mapping.txt": `${tench} tench\n${setter} English setter\n${fox} kit fox\n`,
    });
    const data = await openDataSet(directory);
    expect(data.origin).toContain("ImageNet's layout: 3 synsets, 6 train + 2 test images (val/ in folders, names from");
    expect(labelled(data.test, data.classes)).toEqual([
      [`val/${tench}/b.JPEG`, "tench"],
      [`val/${fox}/a.JPEG`, "kit fox"],
    ]);
  });
});

describe("readMatStructures(bytes, file)", () => {
  test("reads texts and numbers", () => {
    const [first] = readMatStructures(meta, "meta.mat");
    expect([first?.get("ILSVRC2012_ID"), first?.get("WNID"), first?.get("gloss")]).toEqual([[1], fox, "a gloss"]);
  });
  test("refuses any damage in one sentence", () => {
    for (let at = 0; at < meta.length; at++) {
      const damaged = Uint8Array.from(meta);
      damaged[at]! ^= 0x11;
      for (const bytes of [damaged, meta.subarray(0, at)]) {
        try {
          readMatStructures(bytes, "meta.mat");
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }
    }
    expect(() => readMatStructures(new Uint8Array(200), "meta.mat")).toThrow(
      "meta.mat: is no MATLAB file of version 5 (little-endian) (at byte 124)",
    );
  });
});
