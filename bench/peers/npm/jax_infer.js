// Times jax-js in evaluation mode, with running statistics, compiled as a whole by jit().
//
//   node bench/peers/npm/jax_infer.js --model resnet20 --batch 8
import { jit, tree } from "@jax-js/jax";
import { logitsOf, makeBatch, makeParameters, makeStatistics, openBackend, packages } from "./jax_network.js";
import { main, parse, report } from "./peer.js";

await main(async () => {
  const chosen = parse(["wasm"]);
  await openBackend(chosen);
  const parameters = makeParameters(chosen);
  const statistics = makeStatistics(parameters);
  const { images, labels } = makeBatch(chosen);
  labels.dispose();
  const evaluate = jit((p, s, x) => logitsOf(chosen, p, s, x, false)[0]);
  await report("infer", chosen, packages, async () => {
    await evaluate(tree.ref(parameters), tree.ref(statistics), images.ref).data();
  });
});
