// What the npm peers share: arguments, the network as data, the numbers it begins with, timing, and the JSON line that they print.
// The command line and the line are those of pytorch.py.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

const learningRate = 0.01;
const momentum = 0.9;
const weightDecay = 1e-4;
export const optimizer = { learningRate, momentum, weightDecay };
/** PyTorch's, and ours: added to the variance; the weight of the newest batch in the running statistics. */
export const batchNorm = { epsilon: 1e-5, momentum: 0.1 };

const defaults = {
  model: "resnet20",
  batch: "8",
  dtype: "f32",
  image: "32",
  steps: "2",
  repetitions: "3",
  warmup: "1",
  threads: "1",
  backend: "",
};

/** The options as numbers and words; ends the process with status 2 for what these packages can't do. */
export const parse = (backends) => {
  const options = Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => [name, { type: "string", default: value }]),
  );
  const { values } = parseArgs({ options });
  const number = (name) => Number(values[name]);
  const chosen = {
    model: values.model,
    batch: number("batch"),
    dtype: values.dtype,
    image: number("image"),
    steps: number("steps"),
    repetitions: number("repetitions"),
    warmup: number("warmup"),
    threads: number("threads"),
    backend: values.backend || backends[0],
  };
  const refuse = (reason) => {
    console.error(reason);
    process.exit(2);
  };
  for (const name of ["batch", "image", "steps", "repetitions", "threads"]) {
    if (!(Number.isInteger(chosen[name]) && chosen[name] >= 1))
      refuse(`--${name} should be at least 1 but is ${values[name]}`);
  }
  if (chosen.dtype !== "f32") refuse(`these packages train in f32 alone, not in ${chosen.dtype}`);
  if (!backends.includes(chosen.backend))
    refuse(`--backend should be ${backends.join(" or ")} but is ${chosen.backend}`);
  if (!/^resnet\d+$/.test(chosen.model) || (depthOf(chosen) - 2) % 6 !== 0) {
    refuse(`--model should be a ResNet of 6n + 2 layers for small images, such as resnet20, but is ${chosen.model}`);
  }
  return chosen;
};

const depthOf = ({ model }) => Number(model.slice("resnet".length));
const classes = 10;

/** The blocks of a ResNet for small images (He et al. 2015, section 4.2), each with two 3×3 convolutions. */
export const blocks = (chosen) => {
  const perStage = (depthOf(chosen) - 2) / 6;
  return [16, 32, 64].flatMap((channels, stage) =>
    Array.from({ length: perStage }, (_, block) => ({
      name: `layer${stage + 1}.${block}`,
      channels,
      from: block === 0 && stage > 0 ? channels / 2 : channels,
      stride: block === 0 && stage > 0 ? 2 : 1,
    })),
  );
};

/** A normal number at each call, the same in every process: mulberry32, Box and Muller. */
const normals = (seed) => {
  let state = seed;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
};

const filled = (shape, next) => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, next),
});

/** Fresh parameters by torchvision's names, convolutions as [out, in, 3, 3] by He's rule; no convolution has a bias. */
export const initialParameters = (chosen) => {
  const normal = normals(1);
  const parameters = {};
  const convolution = (name, out, from) => {
    parameters[`${name}.weight`] = filled([out, from, 3, 3], () => normal() * Math.sqrt(2 / (9 * out)));
  };
  const norm = (name, channels) => {
    parameters[`${name}.weight`] = filled([channels], () => 1);
    parameters[`${name}.bias`] = filled([channels], () => 0);
  };
  convolution("conv1", 16, 3);
  norm("bn1", 16);
  for (const { name, channels, from } of blocks(chosen)) {
    convolution(`${name}.conv1`, channels, from);
    norm(`${name}.bn1`, channels);
    convolution(`${name}.conv2`, channels, channels);
    norm(`${name}.bn2`, channels);
  }
  parameters["fc.weight"] = filled([classes, 64], () => normal() / Math.sqrt(64));
  parameters["fc.bias"] = filled([classes], () => 0);
  return parameters;
};

/** Normal images [batch, 3, height, width] and their labels; they stay in memory. */
export const syntheticBatch = ({ batch, image }) => {
  const images = filled([batch, 3, image, image], normals(2));
  return { images, labels: Int32Array.from({ length: batch }, (_, n) => n % classes), classes };
};

const packageVersion = (name) =>
  JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url), "utf8")).version;

/**
 * Times step() and prints one JSON line. A training step gives its loss: losses must be finite, and the last one lower than the
 * first, or nothing is reported.
 */
export const report = async (task, chosen, packages, step) => {
  const losses = [];
  const run = async () => {
    const loss = await step();
    if (task === "train") losses.push(loss);
  };
  for (let i = 0; i < chosen.warmup; i++) await run();
  const rates = [];
  for (let repetition = 0; repetition < chosen.repetitions; repetition++) {
    const start = performance.now();
    for (let i = 0; i < chosen.steps; i++) await run();
    rates.push((1000 * chosen.batch * chosen.steps) / (performance.now() - start));
  }
  if (task === "train" && !(losses.every(Number.isFinite) && (losses.length < 2 || losses.at(-1) < losses[0]))) {
    throw new Error(`the losses should be finite and fall but are ${losses.join(", ")}`);
  }
  rates.sort((a, b) => a - b);
  const half = rates.length >> 1;
  const median = rates.length % 2 === 1 ? rates[half] : (rates[half - 1] + rates[half]) / 2;
  console.log(
    JSON.stringify({
      task,
      ...chosen,
      imagesPerSecond: { median, min: rates[0], max: rates.at(-1), n: rates.length },
      ...(task === "train" && { losses }),
      peakResidentBytes: process.resourceUsage().maxRSS * 1024, // Node counts in KiB
      versions: Object.fromEntries(packages.map((name) => [name, packageVersion(name)])),
    }),
  );
};

/** Runs a peer; a failure is its last line on stderr. */
export const main = async (run) => {
  try {
    await run();
    process.exit(0); // threads of a backend would keep the process
  } catch (error) {
    console.error(String(error instanceof Error ? error.message : error).replaceAll("\n", " "));
    process.exit(1);
  }
};
