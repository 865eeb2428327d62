// What the tests of run directories share: a host, a run's record, and checkpoints that are a function of their step.
import { type HostTensor, tensor } from "../../base/tensor.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { type Host, processIdentity } from "./host.ts";
import type { RunRecord } from "./run-record.ts";

/** This process, in a given directory, at noon. */
export const testHost = (cwd: string, changes: Partial<Host> = {}): Host => ({
  cwd,
  pid: process.pid,
  hostname: "box",
  now: () => Date.UTC(2026, 0, 2, 12),
  processIdentity: (pid) => processIdentity(pid, process.kill),
  ...changes,
});

export const testRecord: RunRecord = {
  formatVersion: 1,
  command: ["residual", "train", "fashion-mnist"],
  createdAt: "2026-01-02T12:00:00.000Z",
  seed: 7,
  model: "resnet20",
  recipe: { epochs: 3, schedule: { kind: "cosine" } },
  engine: "onednn",
  dtype: "f32",
  threads: 2,
  versions: { residual: "0.1.0", oneDNN: "2.6.0" },
  hardware: { cpu: "a processor", cores: 2, memoryBytes: 2 ** 33 },
  data: { name: "fashion-mnist", checksums: { "train-images": "00ff" } },
  implementations: [{ node: "conv1", implementation: "brgconv:avx2" }],
};

/** Every element of every tensor follows from the step, so that mixtures of two checkpoints show. */
export const testCheckpoint = (step: number, elements = 8): Checkpoint => ({
  step,
  epoch: Math.floor(step / 10),
  model: new Map<string, HostTensor>([
    [
      "conv1.weight",
      tensor(
        "f32",
        [elements],
        new Float32Array(elements).map((_, i) => step + i / 2),
      ),
    ],
    ["bn1.running_var", tensor("f32", [2], Float32Array.of(step, -step))],
  ]),
  modelMetadata: { spec: '{"name":"resnet20"}', classes: '["shirt","shoe"]', preprocessing: '{"mean":[0.25]}' },
  state: new Map([["conv1.weight.momentum", tensor("f32", [elements], new Float32Array(elements).fill(step * 2))]]),
  counters: { seed: 7, imagesSeen: step * 128 },
});
