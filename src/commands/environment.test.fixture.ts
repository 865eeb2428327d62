// A machine that is made up: the reference engine, data in memory, a clock that ticks when it is read.
import { MissingError } from "../base/errors.ts";
import type { DataSet } from "../data/data-set.ts";
import { syntheticSource } from "../data/synthetic.ts";
import { createReferenceEngine } from "../engine/reference/engine.ts";
import { parseSpec } from "../spec/parse-spec.ts";
import type { ResNetSpec } from "../spec/spec.ts";
import type { CommandEnvironment } from "./environment.ts";
import type { CommandEvent } from "./events.ts";

/** 200 images of 12×12 in three classes. */
export const syntheticData: DataSet = {
  name: "synthetic",
  classes: ["a", "b", "c"],
  train: syntheticSource({ images: 200, shape: [1, 12, 12], classes: 3, seed: 1 }),
  test: syntheticSource({ images: 20, shape: [1, 12, 12], classes: 3, seed: 2 }),
  validation: null,
  origin: "made up",
  files: [],
};

/** Three convolutions, for images of 12×12: the reference engine takes a millisecond an image. */
export const tinySpec = (classes: number): ResNetSpec =>
  parseSpec(
    {
      name: "tiny",
      input: [1, 12, 12],
      classes,
      stem: { width: 4, kernel: 3, stride: 1, pool: null },
      stages: [{ blocks: 1, width: 8, stride: 2 }],
      block: "basic",
      shortcut: "A",
    },
    "tiny",
  );

/** Every data set is `data`; there is no oneDNN. */
export const madeUpEnvironment = (
  cwd: string,
  data: DataSet = syntheticData,
  events: CommandEvent[] = [],
  availableMemoryBytes = 2 ** 30,
): CommandEnvironment => {
  let clock = 0;
  return {
    host: { cwd, pid: process.pid, hostname: "here", now: () => 0, processIdentity: () => "this" },
    cacheFolder: cwd,
    monotonicMs: () => clock++,
    measureMachine: () => ({ cpu: "made up", cores: 1, memoryBytes: 2 ** 30, availableMemoryBytes }),
    versions: { residual: "0", node: "0" },
    command: ["residual", "train"],
    recipes: new Map(),
    openEngine: async (name) => {
      if (name === "onednn") throw new MissingError("oneDNN is not there");
      return { engine: await createReferenceEngine(), version: null };
    },
    openDataSet: async () => data,
    onEvent: (event) => events.push(event),
  };
};
