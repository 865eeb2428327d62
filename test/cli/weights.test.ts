// The verbs about weights, as processes: convert, and pull from a hub on this machine, whose model then goes by its name.
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { encodeTensors } from "../../src/checkpoint/safetensors.ts";
import { initialTensors } from "../../src/model/initial-tensors.ts";
import { namedSpec } from "../../src/spec/named-networks.ts";
import { makeFolder, residual, writeTinyData } from "./command-line.ts";

let folder = "";
let remove = async (): Promise<void> => {};
beforeAll(async () => {
  ({ folder, remove } = await makeFolder());
});
afterAll(() => remove());

describe("residual convert", () => {
  test("writes the format of the file's name, says what it found, and refuses to overwrite", async () => {
    expect((await residual(folder, ["init", "resnet20", "fresh.safetensors"])).status).toBe(0);
    const words = ["convert", "fresh.safetensors", "half.pth", "--floats", "f16", "--names", "cifar-ports"];
    const { status, stdout, stderr } = await residual(folder, [...words, "--json"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(JSON.parse(stdout)).toEqual({
      from: "safetensors",
      to: "pytorch",
      tensors: 97,
      parameters: 269_722,
      file: join(folder, "half.pth"),
      found: "a safetensors file",
      lost: ["spec"],
    });
    const again = await residual(folder, words);
    expect(again.stderr).toMatch(/^error: .*half\.pth exists already; choose another file, or remove it first\n$/);
    expect(again.status).toBe(2);
    const back = await residual(folder, ["convert", "half.pth", "back.npz"]);
    expect(back.stderr).toMatch(/^read {6}a PyTorch file.*\n.*back\.npz: 269,722 parameters in 97 tensors\n$/);
    const unknown = await residual(folder, ["convert", "half.pth", "x.npz", "--floats", "f8"]);
    expect(unknown.stderr).toContain("argument 'f8' is invalid. Allowed choices are f32, f16, bf16.");
    expect(unknown.status).toBe(2);
  });
});

/** A hub that holds o/r: a ResNet-20 of timm's layout. Gives its address. */
const serveHub = async (): Promise<string> => {
  const weights = encodeTensors({ tensors: initialTensors(namedSpec("resnet20"), 1), metadata: {} });
  const commit = "0123456789abcdef0123456789abcdef01234567";
  const headers = {
    "x-repo-commit": commit,
    "x-linked-etag": `"${createHash("sha256").update(weights).digest("hex")}"`,
    location: "/elsewhere",
  };
  const config = { input_size: [3, 32, 32], mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25], interpolation: "bicubic" };
  const server = createServer(({ method, url }, response) => {
    if (method === "HEAD" && url === "/o/r/resolve/main/model.safetensors") response.writeHead(302, headers).end();
    else if (url === `/o/r/resolve/${commit}/config.json`) {
      response.end(JSON.stringify({ architecture: "resnet20", num_classes: 10, pretrained_cfg: config }));
    } else if (url === `/o/r/resolve/${commit}/model.safetensors`) response.writeHead(302, headers).end();
    else if (url === "/elsewhere") response.end(weights);
    else response.writeHead(404).end();
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the test server has no port");
  return `http://127.0.0.1:${address.port}`;
};

describe("<weights> of every command", () => {
  test("may be a Keras model's folder, its model.json, or a bare state dict, whose network is recognised", async () => {
    const data = writeTinyData(folder, "pictures");
    await sharp(Buffer.alloc(40 * 40, 90), { raw: { width: 40, height: 40, channels: 1 } })
      .png()
      .toFile(join(folder, "grey-40.png"));
    const engine = ["--engine", "reference"];
    const run = async (...words: readonly string[]) => {
      const { status, stdout, stderr } = await residual(folder, words);
      expect({ words, status, stderr }).toMatchObject({ status: 0 });
      return { stdout, stderr };
    };
    await run("init", "resnet20-b", "b.safetensors", "--input", "1x8x8", "--classes", "3", "--seed", "4");
    await run("convert", "b.safetensors", "keras/");
    await run("convert", "keras/model.json", "b.pth");
    const summed = await run("summary", "keras", "--json");
    expect(JSON.parse(summed.stdout)).toMatchObject({ name: "resnet20-b" });
    const predicted = await run("predict", "keras", "grey-40.png", ...engine, "--json");
    expect(JSON.parse(predicted.stdout)).toMatchObject([{ file: "grey-40.png" }]);
    const evaluated = await run("evaluate", "keras/model.json", data, ...engine);
    const bare = await run("evaluate", "b.pth", data, ...engine);
    const recognised =
      "b.pth: recognised resnet20-b for [1, 32, 32] and 3 classes by its tensors, which have the names of torchvision";
    expect(bare.stderr).toContain(recognised);
    const results = ({ stderr }: { readonly stderr: string }): string =>
      stderr.slice(stderr.indexOf("test, 30 images"));
    expect(results(bare)).toBe(results(evaluated));
    const training = ["train", data, "--model", "resnet20-b", "--batch", "10", "--epochs", "1"];
    await run(...training, ...engine, "--weights", "keras", "--dry-run");
  }, 300_000);
});

describe("residual pull", () => {
  test("fetches into the cache, and predict takes the name, with the preprocessing that came along", async () => {
    const environment = { RESIDUAL_CACHE: join(folder, "cache"), HF_ENDPOINT: await serveHub() };
    const picture = sharp(Buffer.alloc(50 * 40 * 3, 90), { raw: { width: 50, height: 40, channels: 3 } });
    await picture.png().toFile(join(folder, "grey.png"));
    const predict = ["predict", "hf:o/r", "grey.png", "--engine", "reference", "--json"];
    const early = await residual(folder, predict, environment);
    expect(early.stderr).toBe('error: hf:o/r is not in the cache; run "residual pull hf:o/r" first\n');
    expect(early.status).toBe(2);

    const pulled = await residual(folder, ["pull", "hf:o/r", "--json"], environment);
    expect({ status: pulled.status, stderr: pulled.stderr }).toEqual({ status: 0, stderr: "" });
    const file = join(folder, "cache", "pulled", "hf--o--r.safetensors");
    const document: unknown = JSON.parse(pulled.stdout);
    expect(document).toEqual({
      name: "hf:o/r",
      file,
      parameters: 269_722,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });

    const named = await residual(folder, predict, environment);
    expect({ status: named.status, stderr: named.stderr }).toEqual({ status: 0, stderr: "" }); // no word about normalising
    expect(JSON.parse(named.stdout)).toMatchObject([{ file: "grey.png" }]);
    const summed = await residual(folder, ["summary", "hf:o/r", "--json"], environment);
    expect(JSON.parse(summed.stdout)).toMatchObject({ name: "resnet20", parameters: 269_722 });
  }, 60_000);

  test("says what it knows", async () => {
    const { status, stderr } = await residual(folder, ["pull", "resnet50-kera"]);
    expect(stderr).toMatch(
      /^error: nothing to pull is called "resnet50-kera"; did you mean "resnet50-keras"\? known are /,
    );
    expect(status).toBe(2);
  });
});
