// Times ONNX Runtime's CPU provider on a network of ours, exported: the peer of `residual bench infer`. Fresh weights, random images, all
// graph optimisations. Prints what the scripts of PyTorch print, as one JSON line.
//
//   node dist/bench/peers/onnxruntime.js --model resnet50 --batch 16 --image 224 --threads 2 --dtype f32
import { parseArgs } from "node:util";
import { env, InferenceSession, Tensor } from "onnxruntime-node";
import { UsageError } from "../../src/base/errors.ts";
import { randomPurposes, randomStream } from "../../src/base/philox.ts";
import { median } from "../../src/commands/bench/spread.ts";
import { writeOnnx } from "../../src/exchange/onnx/onnx.ts";
import { initialTensors } from "../../src/model/initial-tensors.ts";
import { namedSpec } from "../../src/spec/named-networks.ts";

const words = {
  model: { type: "string", default: "resnet50" },
  dtype: { type: "string", default: "f32" },
  batch: { type: "string", default: "16" },
  image: { type: "string", default: "224" },
  threads: { type: "string", default: "1" },
  steps: { type: "string", default: "1" },
  repetitions: { type: "string", default: "5" },
  warmup: { type: "string", default: "2" },
} as const;

const main = async (): Promise<void> => {
  const { model, dtype, ...texts } = parseArgs({ options: words }).values;
  if (dtype !== "f32") throw new UsageError(`ONNX Runtime is timed in f32, not in ${dtype}`);
  const [batch, image] = [Number(texts.batch), Number(texts.image)];
  const [threads, steps, repetitions, warmup] = [
    Number(texts.threads),
    Number(texts.steps),
    Number(texts.repetitions),
    Number(texts.warmup),
  ];
  const [channels] = namedSpec(model).input;
  const spec = namedSpec(model, { input: [channels, image, image] });
  const pieces = writeOnnx(spec, initialTensors(spec, 0));
  const session = await InferenceSession.create(Buffer.concat(pieces), {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: "all",
    executionProviders: ["cpu"],
    logSeverityLevel: 3,
  });
  const { normal } = randomStream(0, randomPurposes.synthetic);
  const images = Float32Array.from({ length: batch * channels * image * image }, normal);
  const feeds = { [session.inputNames[0] ?? ""]: new Tensor("float32", images, [batch, channels, image, image]) };

  for (let step = 0; step < warmup; step++) await session.run(feeds);
  const rates: number[] = [];
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const start = performance.now();
    for (let step = 0; step < steps; step++) await session.run(feeds);
    rates.push((batch * steps * 1000) / (performance.now() - start));
  }
  const document = {
    task: "infer",
    ...{ model, dtype, batch, image, threads, steps, repetitions, warmup },
    imagesPerSecond: { median: median(rates), min: Math.min(...rates), max: Math.max(...rates), n: rates.length },
    peakResidentBytes: process.resourceUsage().maxRSS * 1024, // in KiB
    versions: { onnxruntime: env.versions.node ?? null },
  };
  await session.release();
  console.log(JSON.stringify(document));
};

await main();
