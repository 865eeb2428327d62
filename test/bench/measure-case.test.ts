import { expect, test } from "vitest";
import { cases, type Peer } from "../../bench/cases.ts";
import { measureCase } from "../../bench/measure-case.ts";
import { parseOptions } from "../../bench/options.ts";
import { recordSchema } from "../../bench/record.ts";
import { ProcessFailure } from "../../bench/run-process.ts";

const [each] = cases;
const inference = cases.find(({ what }) => what === "infer");
const options = parseOptions(["--rounds", "3"], 2);
if (each === undefined || inference === undefined || options === null) throw new Error("the first case, with options");

const ours: Readonly<Record<string, unknown>> = {
  check: { values: 3, worst: { name: "fc.weight", share: 0.1 }, peakResidentBytes: 1, library: "2.6.3" },
  roof: { gflops: 200 },
  time: {
    imagesPerSecond: { median: 200 },
    gflops: 50,
    javascriptFraction: 0.01,
    memory: { arenaBytes: 10, lowerBoundBytes: 10 },
    peakResidentBytes: 1000,
    library: "2.6.3",
  },
};
const peer = {
  imagesPerSecond: { median: 100 },
  peakResidentBytes: 2000,
  versions: { torch: "1.13", oneDNN: "2.6.3", x: null },
};

/** A place whose processes answer at once; `called` has them in order. */
const placeWith = (python: { path: string } | { reason: string }, answer: (args: readonly string[]) => unknown) => {
  const called: string[] = [];
  return {
    called,
    place: {
      node: "node",
      runtimes: { python, npm: { reason: "not asked for" } },
      say: () => {},
      about: {
        recordedAt: "2026-01-02T03:04:05.000Z",
        command: "npm run bench",
        hardware: { cpu: "a processor", cores: 2, memoryBytes: 2 ** 33 },
        loadBefore: 0,
        versions: { residual: "0.1.0" },
      },
      run: async (program: string, args: readonly string[]): Promise<unknown> => {
        if (program === "python") {
          called.push(args.at(-1) ?? "");
          return answer(args);
        }
        if (args[0]?.startsWith("dist/bench/peers/")) {
          called.push(args[0]);
          return answer(args);
        }
        const { task } = JSON.parse(args[1] ?? "");
        called.push(task);
        return ours[task];
      },
    },
  };
};

test("measureCase checks first, then alternates ours, every peer and the roof, and its record is one", async () => {
  const { called, place } = placeWith({ path: "python" }, () => peer);
  const record = await measureCase(each, options, place);
  const round = ["time", "channels-first", "channels-last", "roof"];
  expect(called).toEqual(["check", ...round, ...round, ...round]);
  expect(recordSchema.parse(record)).toEqual(record);
  expect(record.ours).toMatchObject({ gflopPerImage: 0.25, javascriptFraction: [0.01, 0.01, 0.01] });
  expect(record.versions).toEqual({ residual: "0.1.0", torch: "1.13", "PyTorch's oneDNN": "2.6.3", oneDNN: "2.6.3" });
  expect(record.peers.map(({ samples }) => samples.length)).toEqual([3, 3]);
});

test("measureCase leaves a peer out that fails, and all without an interpreter, and says why", async () => {
  const failing = placeWith({ path: "python" }, (args) => {
    if (args.includes("channels-last")) throw new ProcessFailure("out of memory");
    return peer;
  });
  const record = await measureCase(each, options, failing.place);
  expect(record.peers.map(({ name }) => name)).toEqual(["PyTorch, channels-first"]);
  expect(record.skipped).toEqual([{ name: "PyTorch, channels-last", reason: "out of memory" }]);

  const without = await measureCase(each, options, placeWith({ reason: "No module named 'torch'" }, () => peer).place);
  expect(without.peers).toEqual([]);
  expect(without.skipped.map(({ reason }) => reason)).toEqual(["No module named 'torch'", "No module named 'torch'"]);
});

test("measureCase runs npm peers with Node, for as many rounds as the others", async () => {
  const jax: Peer = { name: "jax-js, wasm", script: "npm/jax_train.js", runtime: "npm", args: ["--backend", "wasm"] };
  const slow = { ...each, peers: [jax], peerWarmup: 1 };
  const { place } = placeWith({ reason: "not asked for" }, () => peer);
  const npm = { path: "python" }; // the place answers for any peer's program by that name
  const record = await measureCase(slow, options, { ...place, runtimes: { ...place.runtimes, npm } });
  expect(record.skipped).toEqual([]);
  expect(record.peers.map(({ samples }) => samples.length)).toEqual([3]);
  expect(record.peers[0]?.command).toMatch(/^node bench\/peers\/npm\/jax_train\.js .* --warmup 1 --backend wasm$/);
});

test("measureCase runs peers of Node's without Python", async () => {
  const { called, place } = placeWith({ reason: "No module named 'torch'" }, () => ({
    ...peer,
    versions: { onnxruntime: "1.30.0" },
  }));
  const record = await measureCase(inference, { ...options, rounds: 1 }, place);
  expect(called).toEqual(["check", "time", "dist/bench/peers/onnxruntime.js", "roof"]);
  expect(record.peers.map(({ name }) => name)).toEqual(["ONNX Runtime, f32"]);
  expect(record.peers[0]?.command).toMatch(/^node dist\/bench\/peers\/onnxruntime\.js --model resnet20 /);
  expect(record.ours.command).toContain('"convolution":"auto"');
  expect(record.versions).toMatchObject({ onnxruntime: "1.30.0" });
});
