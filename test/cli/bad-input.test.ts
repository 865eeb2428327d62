// Bad input on the command line: one clear sentence, the exit status (2: the person can mend it; 1: the machine failed), and a
// folder that is as it was before.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeFolder, residual, tinyRecipe, tinySpec, writeJson, writeTinyData } from "./command-line.ts";

let folder = "";
let remove = async (): Promise<void> => {};
beforeAll(async () => {
  ({ folder, remove } = await makeFolder());
  writeTinyData(folder);
  writeJson(folder, "tiny.json", tinySpec);
  writeJson(folder, "wide.json", { ...tinySpec, name: "wide", stem: { ...tinySpec.stem, width: 6 } });
  // Option A pads zeros for new channels: a stage that is narrower than the one before has nothing to pad.
  writeJson(folder, "narrow.json", { ...tinySpec, name: "narrow", stages: [{ blocks: 1, width: 2, stride: 2 }] });
  writeJson(folder, "recipe.json", tinyRecipe(2, 100));
  writeFileSync(join(folder, "notes.txt"), "not a picture");
  writeFileSync(join(folder, "broken.png"), Buffer.from("89504e470d0a1a0a0000000d49484452", "hex"));
  for (const [name, damage] of [
    ["short-data", (images: string) => truncateSync(images, 1000)],
    [
      "corrupt-data",
      (images: string) => writeFileSync(images, Buffer.concat([Buffer.from([9]), readFileSync(images).subarray(1)])),
    ],
  ] as const) {
    writeTinyData(folder, name);
    damage(join(folder, name, "train-images-idx3-ubyte"));
  }
  mkdirSync(join(folder, "taken"));
  for (const [file, spec] of [
    ["tiny.safetensors", "tiny.json"],
    ["wide.safetensors", "wide.json"],
  ] as const) {
    expect((await residual(folder, ["init", spec, file])).status).toBe(0);
  }
}, 60_000);
afterAll(() => remove());

const contents = (): readonly string[] => readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();

const train = ["train", "tiny-data", "--model", "tiny.json", "--recipe", "recipe.json", "--threads", "1"] as const;

/** Words, and the sentence after "error: ". The exit status of all of them is 2. */
const cases: readonly (readonly [title: string, words: readonly string[], message: string | RegExp])[] = [
  ["an unknown command", ["trian", "tiny-data"], "unknown command 'trian'\n(Did you mean train?)"],
  ["an unknown option", [...train, "--epoch", "2"], "unknown option '--epoch'\n(Did you mean --epochs?)"],
  ["an option without its value", ["train", "tiny-data", "--epochs"], "option '--epochs <n>' argument missing"],
  ["no number", [...train, "--epochs", "two"], "option '--epochs <n>' argument 'two' is invalid. It is not a number."],
  ["a benchmark without its network", ["bench", "train"], "required option '--model <name>' not specified"],
  [
    "a benchmark that there isn't",
    ["bench", "predict", "--model", "resnet20", "--batch", "4"],
    'bench times train or infer but was asked for "predict"',
  ],
  [
    "a missing argument",
    ["evaluate", "run"],
    'evaluate takes weights and then data, such as "evaluate runs/demo fashion-mnist"; there is only "run"',
  ],
  [
    "an unknown model",
    ["train", "tiny-data", "--model", "resnet21"],
    'unknown model "resnet21"; did you mean "resnet20"?',
  ],
  [
    "an unknown model to sum up",
    ["summary", "resnet-19"],
    /^"resnet-19" is neither a run directory, .*did you mean "resnet18"\?$|^unknown model/,
  ],
  [
    "other sizes than the weights'",
    ["summary", "tiny.safetensors", "--input", "1x28x28", "--classes", "4"],
    "--input and --classes can be chosen for a network's name or spec file; tiny.safetensors holds weights, which decide them",
  ],
  ["an unknown recipe", ["train", "tiny-data", "--recipe", "demos"], 'unknown recipe "demos"; did you mean "demo"?'],
  ["an unknown engine", [...train, "--engine", "onedn"], 'unknown engine "onedn"; did you mean "onednn"?'],
  [
    "an unknown split",
    ["evaluate", "tiny.safetensors", "tiny-data", "--split", "tets"],
    'unknown split "tets"; did you mean "test"?',
  ],
  ["a spec whose stage widths don't fit", [...train, "--model", "narrow.json"], /^narrow\.json: stages\[0\]\.width/],
  [
    "a spec for other images",
    ["train", "fashion-mnist", "--model", "tiny.json"],
    /^tiny is made for images \[1, 8, 8\] of 3 classes but fashion-mnist holds \[1, 28, 28\] of 10; set input and classes of the spec$/,
  ],
  [
    "no such spec file",
    [...train, "--model", "none.json"],
    /can't read .*none\.json: there is no such file or directory$/,
  ],
  ["0 epochs", [...train, "--epochs", "0"], "tiny: epochs should be a whole number of at least 1 but is 0"],
  [
    "a negative learning rate",
    [...train, "--learning-rate", "-0.1"],
    "tiny: schedule.learningRate should be a number above 0 (the paper's: 0.1) but is -0.1",
  ],
  [
    "a type that there isn't",
    [...train, "--dtype", "f16"],
    /^tiny: dtype should be "f32" or "bf16" but is "f16"; did you mean "bf16"\?/,
  ],
  [
    "a seed that is none",
    [...train, "--seed", "1.5"],
    /^tiny: seed should be a whole number from 0 to 4294967295 but is 1\.5$/,
  ],
  ["no threads", [...train, "--threads", "0"], "--threads should be a whole number of at least 1 but is 0"],
  ["a batch larger than the data", [...train, "--batch", "61"], /61.*60/],
  [
    "patience with a validation that there isn't",
    [...train, "--patience", "2", "--dry-run"],
    "earlyStopping watches the validation, but no images are held out; hold some out (validationImages, --validation), or give a validation split",
  ],
  ["too many images held out", [...train, "--validation", "60"], /60/],
  ["unknown data", ["train", "fashion-mnits"], /^"fashion-mnits" is neither .*did you mean fashion-mnist\?/],
  ["no data", ["train"], "say what to train on: residual train <data>, for example fashion-mnist"],
  ["a folder that holds no data", ["train", "taken"], /^taken holds no data set that is recognised/],
  ["truncated IDX", ["train", "short-data"], /train-images-idx3-ubyte: .*\(at byte \d+\)$/],
  ["corrupt IDX", ["train", "corrupt-data"], /train-images-idx3-ubyte: .*\(at byte 0\)$/],
  [
    "an image that isn't one",
    ["predict", "tiny.safetensors", "notes.txt"],
    /^notes\.txt: is not a picture that can be read: PNG, JPEG, WebP, AVIF and GIF are \(.+\)$/,
  ],
  [
    "a broken picture",
    ["predict", "tiny.safetensors", "broken.png"],
    /^broken\.png: is not a picture that can be read/,
  ],
  ["a picture that isn't there", ["predict", "tiny.safetensors", "none.png"], "there is no file none.png"],
  [
    "a name that a terminal would obey",
    ["predict", "tiny.safetensors", "\u001b[2Jnone.png"],
    "there is no file \\u001b[2Jnone.png",
  ],
  [
    "weights of another network to start from",
    [...train, "--weights", "wide.safetensors"],
    /wide\.safetensors: these are not the weights of tiny for \[1, 8, 8\] and 3 classes: conv1\.weight is \[6, 1, 3, 3\] but should be \[4, 1, 3, 3\]; bn1\.weight/,
  ],
  [
    "weights of another network to evaluate",
    ["evaluate", "wide.safetensors", "tiny-data", "--model", "tiny.json"],
    /wide\.safetensors: these are not the weights of tiny .*: conv1\.weight is/,
  ],
  [
    "a network without weights",
    ["predict", "resnet20", "notes.txt"],
    "resnet20 is a network without weights; give a run or a weights file, or --seed for fresh weights",
  ],
  ["weights that are none", ["evaluate", "notes.txt", "tiny-data"], /notes\.txt holds no weights that can be read/],
  [
    "an existing run directory",
    [...train, "--out", "taken"],
    /taken exists already; go on with it by --resume, or choose another directory$/,
  ],
  ["a run that is none", ["train", "--resume", "taken"], /taken is not a run directory/],
  [
    "a changed recipe on resume",
    ["train", "--resume", "taken", "--batch", "5"],
    "--resume goes on with a run as it was begun; leave out --batch",
  ],
  [
    "another patience on resume",
    ["train", "--resume", "taken", "--patience", "5"],
    "--resume goes on with a run as it was begun; leave out --patience",
  ],
  [
    "a seed beside weights",
    ["predict", "tiny.safetensors", "notes.txt", "--seed", "1"],
    "--seed 1 is for fresh weights of a network, and tiny.safetensors has its own; leave it out",
  ],
  [
    "threads of the reference engine",
    [...train.slice(0, -1), "2", "--engine", "reference"],
    "--engine reference computes by the definition, on one thread, so --threads 2 would be ignored; leave it out",
  ],
  ["an existing file for fresh weights", ["init", "tiny.json", "tiny.safetensors"], /tiny\.safetensors exists already/],
];

describe("residual", () => {
  test.each(cases)("refuses %s", async (_, words, message) => {
    const before = contents();
    const ended = await residual(folder, words);
    const sentence = /^error: ([\s\S]*)\n$/m.exec(ended.stderr)?.[1] ?? ended.stderr;
    if (typeof message === "string") expect(sentence).toBe(message);
    else expect(sentence).toMatch(message);
    expect(ended.status).toBe(2);
    expect(ended.stdout).toBe("");
    expect(ended.stderr).not.toMatch(/^ {4}at /m);
    expect(contents()).toEqual(before);
  });

  test("shows where an error comes from with --debug alone", async () => {
    const { stderr, status } = await residual(folder, [...train, "--epochs", "0", "--debug"]);
    expect(stderr).toMatch(/^ {4}at /m);
    expect(status).toBe(2);
  });

  test("tells the machine's failures by another status: without oneDNN training stops, and says how to get it", async () => {
    const before = contents();
    const nowhere = { RESIDUAL_ONEDNN: join(folder, "libdnnl.so.2") };
    const { stderr, status } = await residual(folder, train, nowhere);
    expect(stderr).toMatch(/^error: oneDNN 2\.6 or 2\.7 is needed and was not found .*--engine reference/m);
    expect(status).toBe(1);
    expect(contents()).toEqual(before);
  });

  test("evaluates without oneDNN on the reference engine, and says how slow that is", async () => {
    const nowhere = { RESIDUAL_ONEDNN: join(folder, "libdnnl.so.2") };
    const words = ["evaluate", "tiny.safetensors", "tiny-data", "--json"];
    const { stdout, stderr, status } = await residual(folder, words, nowhere);
    expect(stderr).toMatch(/^warning: oneDNN .* the reference engine, .*: 30 images take about a second\n$/);
    expect(JSON.parse(stdout)).toMatchObject({ n: 30 });
    expect(status).toBe(0);
  });

  test("leaves no run behind on a full disk, and says so (a small tmpfs, where mounting is allowed)", async (context) => {
    const small = join(folder, "small");
    mkdirSync(small);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=16k", "residual-test", small], { stdio: "ignore" });
    } catch {
      context.skip("mounting a file system takes root");
    }
    try {
      const { stderr, status } = await residual(folder, [...train, "--out", "small/run"]);
      expect(stderr).toMatch(
        /^error: can't (write|append) .*: no space is left on its disk; free some, or choose another directory/m,
      );
      expect(status).toBe(1);
      expect(readdirSync(small)).toEqual([]);
    } finally {
      execFileSync("umount", ["--lazy", small]);
    }
  });

  test("keeps the last checkpoint when the loss is no longer a number, and says so", async () => {
    writeJson(folder, "hot.json", {
      ...tinyRecipe(3, 2),
      name: "hot",
      schedule: { kind: "constant", learningRate: 1e30 },
    });
    const words = [
      "train",
      "tiny-data",
      "--model",
      "tiny.json",
      "--recipe",
      "hot.json",
      "--threads",
      "1",
      "--out",
      "hot",
    ];
    const { stderr, status } = await residual(folder, words);
    expect(stderr).toMatch(/^error: .* at step \d+ .*the last checkpoint is kept; lower the learning rate/m);
    expect(status).toBe(1);
    expect(readdirSync(join(folder, "hot"))).toContain("latest.json");
  });

  test("refuses to go on with other data", async () => {
    const words = ["train", "tiny-data", "--model", "tiny.json", "--recipe", "recipe.json", "--threads", "1"];
    expect((await residual(folder, [...words, "--out", "done"])).status).toBe(0);
    writeTinyData(folder, "other-data");
    const images = join(folder, "other-data", "train-images-idx3-ubyte");
    const bytes = readFileSync(images);
    bytes[100] = 1 + bytes[100]!;
    writeFileSync(images, bytes);
    copyFileSync(
      join(folder, "tiny-data", "train-labels-idx1-ubyte"),
      join(folder, "other-data", "train-labels-idx1-ubyte"),
    );
    const { stderr, status } = await residual(folder, ["train", "other-data", "--resume", "done"]);
    expect(stderr).toMatch(
      /^error: .*done was trained on train-images-idx3-ubyte with SHA-256 .*; resume with the same data$/m,
    );
    expect(status).toBe(2);
  });
});
