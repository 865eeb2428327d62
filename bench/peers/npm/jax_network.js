// The network in jax-js, channels first. Every use of an array but the last takes a reference (`.ref`): the package's memory model.
import { defaultDevice, init, lax, nn, numpy as np } from "@jax-js/jax";
import { batchNorm, blocks, initialParameters, syntheticBatch } from "./peer.js";

export const packages = ["@jax-js/jax"];

export const openBackend = async ({ backend, threads }) => {
  const available = await init(backend); // of all, the others want a browser
  if (!available.includes(backend))
    throw new Error(`jax-js has no device ${backend} here, only ${available.join(", ")}`);
  defaultDevice(backend);
  if (threads > 1 && typeof Worker === "undefined") console.error("jax-js finds no Web Workers in Node: one thread");
};

/** Parameters by torchvision's names. */
export const makeParameters = (chosen) =>
  Object.fromEntries(
    Object.entries(initialParameters(chosen)).map(([name, { shape, data }]) => [name, np.array(data).reshape(shape)]),
  );

/** Running statistics by the name of their batch norm. */
export const makeStatistics = (parameters) =>
  Object.fromEntries(
    Object.entries(parameters)
      .filter(([name]) => /bn\d\.bias$/.test(name))
      .map(([name, { shape }]) => [name.replace(/\.bias$/, ""), { mean: np.zeros(shape), variance: np.ones(shape) }]),
  );

export const makeBatch = (chosen) => {
  const { images, labels, classes } = syntheticBatch(chosen);
  const oneHot = new Float32Array(labels.length * classes);
  labels.forEach((label, n) => {
    oneHot[n * classes + label] = 1;
  });
  return { images: np.array(images.data).reshape(images.shape), labels: np.array(oneHot).reshape([-1, classes]) };
};

const perChannel = (x) => x.reshape([1, -1, 1, 1]);

/** x·scale + shift, with scale and shift per channel [C]. */
const affine = (x, scale, shift) => x.mul(perChannel(scale)).add(perChannel(shift));

/** Batch norm by the batch's own statistics, and the running ones as they follow it. */
const normInTraining = (x, scale, shift, running) => {
  const [N, , H, W] = x.shape;
  const count = N * H * W;
  const mean = np.mean(x.ref, [0, 2, 3]);
  const centred = x.sub(perChannel(mean.ref));
  const variance = np.mean(np.square(centred.ref), [0, 2, 3]);
  const y = affine(centred, scale.div(np.sqrt(variance.ref.add(batchNorm.epsilon))), shift);
  const follow = (old, now) => old.mul(1 - batchNorm.momentum).add(lax.stopGradient(now).mul(batchNorm.momentum));
  return [
    y,
    { mean: follow(running.mean, mean), variance: follow(running.variance, variance.mul(count / (count - 1))) },
  ];
};

const normInEvaluation = (x, scale, shift, { mean, variance }) => {
  const factor = scale.div(np.sqrt(variance.add(batchNorm.epsilon)));
  return affine(x, factor.ref, shift.sub(mean.mul(factor)));
};

/** Every other pixel, and zeros for the new channels: option A. */
const subsampled = (x, channels, from, stride) => {
  const [N, C, H, W] = x.shape;
  const every = x.reshape([N, C, H / stride, stride, W / stride, stride]).slice([], [], [], 0, [], 0);
  return np.pad(every, [
    [0, 0],
    [0, channels - from],
    [0, 0],
    [0, 0],
  ]);
};

/** Logits [N, 10] and the running statistics after the batch (none in evaluation). Takes its arguments' references. */
export const logitsOf = (chosen, p, statistics, images, isTraining) => {
  const next = {};
  const norm = (name, x) => {
    const [scale, shift] = [p[`${name}.weight`], p[`${name}.bias`]];
    if (!isTraining) return normInEvaluation(x, scale, shift, statistics[name]);
    const [y, followed] = normInTraining(x, scale, shift, statistics[name]);
    next[name] = followed;
    return y;
  };
  const border = [
    [1, 1],
    [1, 1],
  ];
  const convolution = (name, x, stride) => lax.convGeneralDilated(x, p[`${name}.weight`], [stride, stride], border);
  let x = nn.relu(norm("bn1", convolution("conv1", images, 1)));
  for (const { name, channels, from, stride } of blocks(chosen)) {
    const branch = nn.relu(norm(`${name}.bn1`, convolution(`${name}.conv1`, x.ref, stride)));
    const y = norm(`${name}.bn2`, convolution(`${name}.conv2`, branch, 1));
    x = nn.relu(y.add(stride === 1 ? x : subsampled(x, channels, from, stride)));
  }
  const pooled = np.mean(x, [2, 3]);
  return [np.matmul(pooled, p["fc.weight"].transpose()).add(p["fc.bias"]), next];
};
