// Times a training step of jax-js on synthetic data that stays in memory, compiled as a whole by jit(): forward, cross-entropy,
// backward, SGD with momentum 0.9 and weight decay 1e-4.
//
//   node bench/peers/npm/jax_train.js --model resnet20 --batch 8
import { blockUntilReady, jit, nn, numpy as np, tree, valueAndGrad } from "@jax-js/jax";
import { logitsOf, makeBatch, makeParameters, makeStatistics, openBackend, packages } from "./jax_network.js";
import { main, optimizer, parse, report } from "./peer.js";

await main(async () => {
  const chosen = parse(["wasm"]);
  await openBackend(chosen);
  let parameters = makeParameters(chosen);
  let statistics = makeStatistics(parameters);
  let velocities = Object.fromEntries(Object.entries(parameters).map(([name, { shape }]) => [name, np.zeros(shape)]));
  const { images, labels } = makeBatch(chosen);

  const lossOf = (p, s, x, t) => {
    const [logits, next] = logitsOf(chosen, p, s, x, true);
    return [np.mean(np.sum(t.mul(nn.logSoftmax(logits, 1)), 1)).mul(-1), next];
  };
  const update = jit((p, v, s, x, t) => {
    const [[loss, statisticsAfter], gradients] = valueAndGrad(lossOf, { hasAux: true })(tree.ref(p), s, x, t);
    const [weights, moving] = [{}, {}];
    for (const [name, weight] of Object.entries(p)) {
      const velocity = v[name].mul(optimizer.momentum).add(gradients[name]).add(weight.ref.mul(optimizer.weightDecay));
      moving[name] = velocity.ref;
      weights[name] = weight.sub(velocity.mul(optimizer.learningRate));
    }
    return [loss, weights, moving, statisticsAfter];
  });
  const step = async () => {
    const [loss, ...after] = update(parameters, velocities, statistics, images.ref, labels.ref);
    [parameters, velocities, statistics] = after;
    await blockUntilReady(after);
    return (await loss.data())[0];
  };
  await report("train", chosen, packages, step);
});
