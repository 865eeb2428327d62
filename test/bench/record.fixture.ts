// A record for tests; its numbers were made up, and are round.
import type { BenchRecord } from "../../bench/record.ts";

const samples = (...rates: readonly number[]) =>
  rates.map((imagesPerSecond) => ({ imagesPerSecond, peakResidentBytes: 3 * 2 ** 20 }));

export const exampleRecord: BenchRecord = {
  formatVersion: 1,
  case: "train-example-f32",
  what: "train",
  model: "resnet20",
  batch: 128,
  dtype: "f32",
  image: 32,
  threads: 2,
  recordedAt: "2026-01-02T03:04:05.000Z",
  command: "npm run bench -- --case train-example-f32",
  hardware: { cpu: "a processor", cores: 2, memoryBytes: 2 ** 33 },
  loadBefore: 0.04,
  versions: { residual: "0.1.0", node: "20.9.0" },
  check: { values: 10, worst: { name: "fc.weight", share: 0.1 } },
  roofGflops: [180, 200, 190],
  ours: {
    command: "node dist/bench/ours.js",
    samples: samples(200, 210, 190),
    gflopPerImage: 0.5,
    javascriptFraction: [0.01, 0.012, 0.011],
    arenaBytes: 2 ** 20,
    arenaLowerBoundBytes: 2 ** 20,
  },
  peers: [
    { name: "slow", command: "slow", samples: samples(50, 50, 50) },
    { name: "fast", command: "fast", samples: samples(100, 100, 200) },
  ],
  skipped: [{ name: "absent", reason: "No module named 'absent'" }],
};
