// Times TensorFlow.js in evaluation mode, with running statistics.
//
//   node bench/peers/npm/tfjs_infer.js --model resnet20 --batch 8 --backend wasm
import * as tf from "@tensorflow/tfjs";
import { main, parse, report } from "./peer.js";
import { logitsOf, makeBatch, makeParameters, makeStatistics, openBackend, packages } from "./tfjs_network.js";

await main(async () => {
  const chosen = parse(["wasm", "cpu"]);
  await openBackend(chosen);
  const parameters = makeParameters(chosen);
  const running = makeStatistics(parameters);
  const { images } = makeBatch(chosen);
  await report("infer", chosen, packages, () =>
    tf.tidy(() => {
      logitsOf(chosen, parameters, images, { running }).dataSync();
    }),
  );
});
