// The network in TensorFlow.js, channels last, as its kernels want it.
import * as tf from "@tensorflow/tfjs";
import { batchNorm, blocks, initialParameters, syntheticBatch } from "./peer.js";

export const packages = ["@tensorflow/tfjs", "@tensorflow/tfjs-backend-wasm"];

export const openBackend = async ({ backend, threads }) => {
  if (backend === "wasm") {
    const wasm = await import("@tensorflow/tfjs-backend-wasm");
    wasm.setThreadsCount(threads);
    wasm.setWasmPaths(new URL("node_modules/@tensorflow/tfjs-backend-wasm/dist/", import.meta.url).pathname);
  }
  if (!(await tf.setBackend(backend))) throw new Error(`tfjs has no backend ${backend} here`);
  await tf.ready();
};

/** Parameters as variables by torchvision's names: filters [3, 3, in, out], the last layer's weight [in, out]. */
export const makeParameters = (chosen) =>
  Object.fromEntries(
    Object.entries(initialParameters(chosen)).map(([name, { shape, data }]) => {
      const given = tf.tensor(data, shape);
      const order = shape.length === 4 ? [2, 3, 1, 0] : shape.length === 2 ? [1, 0] : [0];
      return [name, tf.variable(given.transpose(order), true, name)];
    }),
  );

/** Running statistics by the name of their batch norm. */
export const makeStatistics = (parameters) =>
  Object.fromEntries(
    Object.entries(parameters)
      .filter(([name]) => /bn\d\.bias$/.test(name))
      .map(([name, { shape }]) => [
        name.replace(/\.bias$/, ""),
        { mean: tf.variable(tf.zeros(shape), false), variance: tf.variable(tf.ones(shape), false) },
      ]),
  );

export const makeBatch = (chosen) => {
  const { images, labels, classes } = syntheticBatch(chosen);
  return {
    images: tf.tensor(images.data, images.shape).transpose([0, 2, 3, 1]),
    labels: tf.oneHot(tf.tensor1d(labels, "int32"), classes).toFloat(),
  };
};

/** Logits [N, 10]. With `statistics` the batch's own statistics normalise, and the running ones follow; without, `running` do. */
export const logitsOf = (chosen, p, images, { statistics, running }) => {
  const norm = (name, x) => {
    const scale = p[`${name}.weight`];
    const shift = p[`${name}.bias`];
    if (running) {
      const { mean, variance } = running[name];
      return tf.batchNorm(x, mean, variance, shift, scale, batchNorm.epsilon);
    }
    const { mean, variance } = tf.moments(x, [0, 1, 2]);
    const count = x.size / x.shape[3];
    const follow = (old, now) => old.assign(old.mul(1 - batchNorm.momentum).add(now.mul(batchNorm.momentum)));
    follow(statistics[name].mean, mean);
    follow(statistics[name].variance, variance.mul(count / (count - 1)));
    return tf.batchNorm(x, mean, variance, shift, scale, batchNorm.epsilon);
  };
  const convolution = (name, x, stride) => tf.conv2d(x, p[`${name}.weight`], stride, 1);
  let x = norm("bn1", convolution("conv1", images, 1)).relu();
  for (const { name, channels, from, stride } of blocks(chosen)) {
    const branch = norm(`${name}.bn1`, convolution(`${name}.conv1`, x, stride)).relu();
    const y = norm(`${name}.bn2`, convolution(`${name}.conv2`, branch, 1));
    if (stride === 1) x = y.add(x).relu();
    else {
      // Option A: every other pixel (a pool of one pixel has a gradient, a strided slice has none), zeros for the new channels.
      const every = tf.avgPool(x, 1, stride, "valid");
      const padding = [
        [0, 0],
        [0, 0],
        [0, 0],
        [0, channels - from],
      ];
      x = y.add(tf.pad(every, padding)).relu();
    }
  }
  return x.mean([1, 2]).matMul(p["fc.weight"]).add(p["fc.bias"]);
};
