// Networks in Keras' form, read and written. The container (model.json and shards) is checkpoint's: tfjs.ts.
import type { NamedTensors } from "../../base/tensor.ts";
import type { ResNetSpec } from "../../spec/spec.ts";
import { type RecognisedNetwork, recogniseNetwork } from "../structure/recognise.ts";
import { readKeras } from "./read-keras.ts";

export { type KerasModel, writeKeras } from "./write-keras.ts";

/**
 * The network in a Keras model, recognised by its structure, whatever its layers are called; batch norm's epsilon and momentum are
 * the model's. `given` is the network that it must be. The softmax at the end is left out: our networks give logits. Biases of
 * convolutions before a batch norm go into its running mean (structure/match-layers.ts says why that is exact enough).
 */
export const networkFromKeras = (
  model: { readonly topology: unknown; readonly tensors: NamedTensors },
  file: string,
  given: ResNetSpec | null = null,
): RecognisedNetwork => recogniseNetwork(readKeras(model.topology, model.tensors, file), given);
