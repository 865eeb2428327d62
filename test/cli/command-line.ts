// Runs the built command line as a person would: a process of its own, in a folder of its own, with small data beside it.
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

export const mainFile = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url)); // from dist/test/cli

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  readonly ended: Promise<Ended>;
}

/** Starts `residual …words` in a folder. `environment` is set beside the test's own variables. */
export const start = (
  folder: string,
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Started => {
  const child = spawn(process.execPath, [mainFile, ...words], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...environment },
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status, signal) => resolve({ status, signal, stdout, stderr }));
  });
  return { child, ended };
};

export const residual = (
  folder: string,
  words: readonly string[],
  environment?: Readonly<Record<string, string>>,
): Promise<Ended> => start(folder, words, environment).ended;

/** A folder for one test file; `remove` when it is over. */
export const makeFolder = async (): Promise<{ folder: string; remove: () => Promise<void> }> => {
  const folder = await mkdtemp(join(tmpdir(), "residual-cli-"));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
};

const idx = (magic: number, sizes: readonly number[], bytes: Uint8Array): Uint8Array => {
  const header = new DataView(new ArrayBuffer(4 + 4 * sizes.length));
  header.setUint32(0, magic);
  for (const [i, size] of sizes.entries()) header.setUint32(4 + 4 * i, size);
  return Buffer.concat([new Uint8Array(header.buffer), bytes]);
};

export const side = 8;
const classes = 3;

/** Image i of class i mod 3: as bright as its class, with a pattern of its own. */
export const imageBytes = (i: number): Uint8Array =>
  Uint8Array.from({ length: side * side }, (_, p) => (i % classes) * 80 + ((p * 3 + i * 7) % 50));

const writeSplit = (folder: string, split: string, images: number, first: number): void => {
  const pixels = Buffer.concat(Array.from({ length: images }, (_, i) => imageBytes(first + i)));
  writeFileSync(join(folder, `${split}-images-idx3-ubyte`), idx(0x803, [images, side, side], pixels));
  const labels = Uint8Array.from({ length: images }, (_, i) => (first + i) % classes);
  writeFileSync(join(folder, `${split}-labels-idx1-ubyte`), idx(0x801, [images], labels));
};

/** 60 training and 30 test images of 8×8 in three classes, as IDX files in `folder/tiny-data`. Gives the name. */
export const writeTinyData = (folder: string, name = "tiny-data"): string => {
  mkdirSync(join(folder, name));
  writeSplit(join(folder, name), "train", 60, 0);
  writeSplit(join(folder, name), "t10k", 30, 60);
  return name;
};

export const tinySpec = {
  name: "tiny",
  input: [1, side, side],
  classes,
  stem: { width: 4, kernel: 3, stride: 1, pool: null },
  stages: [{ blocks: 1, width: 8, stride: 2 }],
  block: "basic",
  shortcut: "A",
};

/** Six steps an epoch, augmentation, and a checkpoint every `checkpointSteps`. */
export const tinyRecipe = (epochs: number, checkpointSteps: number) => ({
  name: "tiny",
  batch: 10,
  epochs,
  optimizer: { kind: "sgd", weightDecay: 5e-4 },
  schedule: { kind: "one-cycle", learningRate: 0.1 },
  augmentation: { pad: 1, flip: true },
  seed: 5,
  checkpointEvery: { steps: checkpointSteps },
  measureEverySteps: 4,
});

export const writeJson = (folder: string, name: string, value: unknown): string => {
  writeFileSync(join(folder, name), JSON.stringify(value));
  return name;
};
