// The library's verb for int8: the command of the same name with values in place of words.
import { type QuantizedModel, type QuantizeModelOptions, quantizeModel } from "../commands/quantize/quantize-model.ts";
import type { TrainedModel } from "../commands/trained-model.ts";
import type { DataSet } from "../data/data-set.ts";
import { type Model, modelOf } from "./model.ts";
import { nodeEnvironment } from "./node-environment.ts";
import type { LongWork } from "./verbs.ts";

export interface QuantizeOptions extends QuantizeModelOptions, LongWork {}

/** The model of bytes, how often it answers as the one that it was made from, and both accuracies. */
export interface Quantized extends QuantizedModel {
  readonly model: Model;
}

/**
 * Quantises a model after its training: convolutions over bytes, filters with a scale for each (int8), activations with a scale for each
 * value, measured on `images` training images of the data set (256 by default, spread over the whole split); residual additions are of
 * bytes too, everything else stays f32. `evaluate` and `predict` take the result as any model, and `save` writes it; it can't be trained
 * further. Both models are compared on the split `split` ("test" by default): `agreement` is the fraction of its images for which they
 * answer the same class. Labels are not needed: where the data's classes are not the model's, `top1` is null.
 *
 *   const { model, agreement } = await quantize(run.model, data);
 *
 * Throws UsageError for a model that is quantised already, a split that isn't there, activations that are not finite, and at once where
 * the engine has no bytes on this processor (oneDNN: without AVX-512's VNNI); MissingError without oneDNN.
 */
export const quantize = async (
  model: TrainedModel,
  data: DataSet,
  options: QuantizeOptions = {},
): Promise<Quantized> => {
  const { signal, onEvent = () => {} } = options;
  const environment = nodeEnvironment({ command: ["residual", "quantize"], onEvent, ...(signal && { signal }) });
  const quantized = await quantizeModel(model, `the ${model.spec.name}`, data, options, environment);
  return { ...quantized, model: modelOf(quantized.model) };
};
