// README.md's example of the library and its commands are run, so that they can't go stale. What is changed on the way, so that it
// takes seconds, is said here: the first 640 training and 200 test images stand for Fashion-MNIST in the example, which gets one
// thread; commands that train get --dry-run, bench a second; a file of fresh weights stands for runs/demo; npm's commands only have to exist.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { fashionMnist, fitPreprocessing, initialTensors, loadModel, modelOf, resnet } from "../src/index.ts";
import { residual } from "./cli/command-line.ts";

const root = fileURLToPath(new URL("../../", import.meta.url)); // from dist/test
const library = pathToFileURL(join(root, "dist", "src", "index.js")).href;
const readme = readFileSync(join(root, "README.md"), "utf8");

/** The texts of fenced blocks in a language, in order. */
const blocks = (language: string): readonly string[] =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map(([, text]) => text ?? "");

/** Lines of shell blocks, without comments; commands joined by && each on their own. */
const commands = [...blocks("sh"), ...blocks("bash")].flatMap((block) =>
  block
    .split("\n")
    .map((line) => line.replace(/\s+#.*$/, "").trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .flatMap((line) => line.split("&&").map((part) => part.trim())),
);

/** Replaces a text that has to be there. */
const replaced = (text: string, from: string, to: string): string => {
  expect(text).toContain(from);
  return text.replace(from, to);
};

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residual-readme-"));
  const { test: images } = await fashionMnist();
  if (images.kind !== "memory") throw new Error("Fashion-MNIST lies in memory");
  const shoe = images.pixels.slice(0, 28 * 28); // test image 0: an ankle boot
  await sharp(shoe, { raw: { width: 28, height: 28, channels: 1 } })
    .png()
    .toFile(join(folder, "shoe.png"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The example on few images, with one thread, in a process of its own. `beside` goes on in its scope. */
const runExample = async (beside: string): Promise<string> => {
  const [example = ""] = blocks("ts");
  const small = `await fashionMnist().then((whole) => ({
    ...whole,
    train: selectImages(whole.train, Array.from({ length: 640 }, (_, i) => i)),
    test: selectImages(whole.test, Array.from({ length: 200 }, (_, i) => i)),
  }))`;
  let program = replaced(example, 'from "residual"', `from ${JSON.stringify(library)}`);
  program = replaced(program, "await fashionMnist()", small);
  program = replaced(program, "onEvent:", "threads: 1, onEvent:");
  const file = join(folder, "example.mjs");
  await writeFile(file, `import { selectImages } from ${JSON.stringify(library)};\n${program}\n${beside}\n`);
  return (await promisify(execFile)(process.execPath, [file], { cwd: folder })).stdout;
};

describe("README.md", () => {
  test("has an example of the library that runs, saves a model that loads, and names a picture", async () => {
    const output = await runExample("console.log(JSON.stringify({ top1, shoe }));");
    const last: unknown = JSON.parse(output.trimEnd().split("\n").at(-1) ?? "");
    const { top1, shoe } = z.object({ top1: z.number(), shoe: z.looseObject({ file: z.string() }) }).parse(last);
    expect(top1).toBeGreaterThanOrEqual(0);
    expect(shoe).toMatchObject({ file: "shoe.png", predictions: [{}, {}, {}, {}, {}] });
    expect(output).toContain("event: 'epoch'"); // console.log saw the events
    const model = await loadModel(join(folder, "shoes.safetensors"));
    expect(model.spec.name).toBe("resnet20");
    expect(model.classes).toContain("Ankle boot");
  });

  test("names npm's commands as package.json has them", async () => {
    const { scripts } = z
      .object({ scripts: z.record(z.string(), z.string()) })
      .parse(JSON.parse(await readFile(join(root, "package.json"), "utf8")));
    const own = commands.flatMap((command) => /^npm (?:run )?(test|demo|setup|bench|\w+)\b/.exec(command)?.[1] ?? []);
    for (const name of own.filter((each) => each !== "ci")) expect(Object.keys(scripts)).toContain(name);
    expect(own).toContain("demo");
  });

  test("has commands that run", { timeout: 120_000 }, async () => {
    const ofResidual = commands.flatMap((command) => /^(?:npx )?residual (.*)$/.exec(command)?.[1] ?? []);
    expect(ofResidual.length).toBeGreaterThan(0);
    const data = await fashionMnist();
    const spec = resnet(20, { input: [1, 28, 28], classes: 10 });
    const preprocessing = await fitPreprocessing(data.train);
    const demo = modelOf({ spec, tensors: initialTensors(spec, 1), preprocessing, classes: data.classes });
    await demo.save(join(folder, "demo.safetensors"));
    for (const command of ofResidual) {
      const words = command.split(/\s+/).map((word) => (word === "runs/demo" ? "demo.safetensors" : word));
      const more = [
        ...(words[0] === "train" ? ["--dry-run", "--threads", "1"] : []),
        ...(words[0] === "evaluate" ? ["--threads", "1"] : []),
        ...(words[0] === "bench" ? ["--threads", "1", "--seconds", "1"] : []),
      ];
      const { status, stderr } = await residual(folder, [...words, ...more]);
      expect(status, `residual ${command}\n${stderr}`).toBe(0);
    }
  });
});
