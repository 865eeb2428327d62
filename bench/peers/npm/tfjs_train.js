// Times a training step of TensorFlow.js on synthetic data that stays in memory: forward, cross-entropy, backward, SGD with momentum
// 0.9 and weight decay 1e-4.
//
//   node bench/peers/npm/tfjs_train.js --model resnet20 --batch 8 --backend cpu
import * as tf from "@tensorflow/tfjs";
import { main, optimizer, parse, report } from "./peer.js";
import { logitsOf, makeBatch, makeParameters, makeStatistics, openBackend, packages } from "./tfjs_network.js";

await main(async () => {
  const chosen = parse(["cpu", "wasm"]);
  await openBackend(chosen);
  const parameters = makeParameters(chosen);
  const statistics = makeStatistics(parameters);
  const { images, labels } = makeBatch(chosen);
  const sgd = tf.train.momentum(optimizer.learningRate, optimizer.momentum);
  const step = () =>
    tf.tidy(() => {
      const { value, grads } = tf.variableGrads(
        () => tf.losses.softmaxCrossEntropy(labels, logitsOf(chosen, parameters, images, { statistics })),
        Object.values(parameters),
      );
      const decayed = Object.entries(grads).map(([name, gradient]) => [
        name,
        gradient.add(parameters[name].mul(optimizer.weightDecay)),
      ]);
      sgd.applyGradients(Object.fromEntries(decayed));
      return value.dataSync()[0];
    });
  await report("train", chosen, packages, step);
});
