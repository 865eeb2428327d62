// What `npm run bench` compares, and with whom. A case is data: adding one is adding a line; so is adding a peer.
import type { Precision } from "../src/base/dtype.ts";
import type { BenchType } from "../src/commands/bench/environment.ts";

/** Python with PyTorch, Node, or Node with the packages of bench/peers/npm. */
export type PeerRuntime = "python" | "node" | "npm";

export interface Peer {
  /** As tables show it. */
  readonly name: string;
  /** A script of bench/peers, and what it is told beside the case. */
  readonly script: string;
  readonly runtime: PeerRuntime;
  readonly args: readonly string[];
}

export interface Case {
  readonly name: string;
  readonly what: "train" | "infer";
  readonly model: string;
  readonly batch: number;
  readonly dtype: BenchType;
  /** Height and width. */
  readonly image: number;
  /** For how long our steps are timed in each round. */
  readonly seconds: number;
  /** Steps of one repetition of a peer, half a second or more, and repetitions in each round. */
  readonly peerSteps: number;
  readonly peerRepetitions: number;
  /** Steps of a peer before the clock runs; default 2. */
  readonly peerWarmup?: number;
  /** Whether it is measured only when it is asked for by name. */
  readonly onRequest?: true;
  /** Of several, the one with the best median counts. */
  readonly peers: readonly Peer[];
}

const pyTorch = (script: string): readonly Peer[] =>
  ["channels-first", "channels-last"].map((layout) => ({
    name: `PyTorch, ${layout}`,
    script,
    runtime: "python",
    args: ["--layout", layout],
  }));
const trainers = pyTorch("pytorch_train.py");
const onnxRuntime: Peer = {
  ...{ name: "ONNX Runtime, f32", runtime: "node", script: "onnxruntime.js" },
  args: ["--dtype", "f32"],
};
const predictors: readonly Peer[] = [
  onnxRuntime,
  ...pyTorch("pytorch_infer.py"),
  {
    name: "PyTorch, frozen, channels-last",
    script: "pytorch_infer.py",
    runtime: "python",
    args: ["--layout", "channels-last", "--freeze"],
  },
];
const npm = (name: string, script: string, backend: string): Peer => ({
  name: `${name}, ${backend}`,
  script: `npm/${script}`,
  runtime: "npm",
  args: ["--backend", backend],
});

interface Size {
  readonly model: string;
  readonly batch: number;
  readonly image: number;
}
const resnet20: Size = { model: "resnet20", batch: 128, image: 32 };
const resnet50: Size = { model: "resnet50", batch: 16, image: 224 };
/** For how long ours is timed in each round, and steps and repetitions of the peers. */
const quickly = { seconds: 10, peerSteps: 4, peerRepetitions: 7 };
const slowly = { seconds: 15, peerSteps: 1, peerRepetitions: 5 };

const precisions: readonly Precision[] = ["f32", "bf16"];
const training = (name: string, size: Size, pace: typeof quickly): readonly Case[] =>
  precisions.map((dtype) => ({
    name: `train-${name}-${dtype}`,
    what: "train",
    ...size,
    dtype,
    ...pace,
    peers: trainers,
  }));

const onRequest = { batch: 8, seconds: 3, peerWarmup: 1, onRequest: true } as const;

export const cases: readonly Case[] = [
  ...training("resnet20", resnet20, quickly),
  ...training("resnet50", resnet50, slowly),
  ...training("resnet18", { ...resnet50, model: "resnet18", batch: 32 }, slowly),
  ...training("resnext50", { ...resnet50, model: "resnext50_32x4d" }, slowly),
  {
    ...{ name: "infer-resnet20-f32", what: "infer", ...resnet20, dtype: "f32" },
    ...{ seconds: 10, peerSteps: 10, peerRepetitions: 7, peers: predictors },
  },
  ...([...precisions, "int8"] as const).map(
    (dtype): Case => ({
      ...{ name: `infer-resnet50-${dtype}`, what: "infer", ...resnet50, dtype },
      ...{ seconds: 10, peerSteps: 1, peerRepetitions: 7, peers: dtype === "int8" ? [onnxRuntime] : predictors },
    }),
  ),
  // One image at a time: latency.
  ...(["f32", "int8"] as const).map(
    (dtype): Case => ({
      ...{ name: `infer-resnet50-${dtype}-1`, what: "infer", ...resnet50, batch: 1, dtype },
      ...{ seconds: 10, peerSteps: 10, peerRepetitions: 7, peers: dtype === "int8" ? [onnxRuntime] : predictors },
    }),
  ),
  // The batch is small for the peers' sake: tfjs takes five seconds an image.
  {
    ...{ name: "train-resnet20-f32-npm", what: "train", ...resnet20, dtype: "f32" },
    ...{ ...onRequest, peerSteps: 1, peerRepetitions: 1 },
    peers: [
      npm("jax-js", "jax_train.js", "wasm"),
      npm("TensorFlow.js", "tfjs_train.js", "cpu"),
      npm("TensorFlow.js", "tfjs_train.js", "wasm"),
    ],
  },
  {
    ...{ name: "infer-resnet20-f32-npm", what: "infer", ...resnet20, dtype: "f32" },
    ...{ ...onRequest, peerSteps: 2, peerRepetitions: 3 },
    peers: [npm("TensorFlow.js", "tfjs_infer.js", "wasm"), npm("jax-js", "jax_infer.js", "wasm")],
  },
];
