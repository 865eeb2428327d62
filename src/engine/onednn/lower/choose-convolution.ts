// Which code computes a convolution: the candidates, best first by rule, and the choice among them: by these rules, or by measuring
// (measured-choice.ts) where the program is compiled with measured choices.
import { UnsupportedError } from "../../../base/errors.ts";
import { slowCodeOf } from "../../slow-code.ts";
import type { ElementType, ImageLayout } from "../dnnl.ts";
import type { Lowering } from "../lowering.ts";
import {
  type ConvolutionCandidate,
  type ConvolutionEnding,
  type ConvolutionImplementation,
  type ConvolutionLayer,
  descriptionOf,
  isWrong,
} from "./convolution-layer.ts";
import { inferenceCandidates, isPoorWinograd } from "./inference-candidates.ts";
import { measuredChoice } from "./measured-choice.ts";

/**
 * Best first. Blocks of 16 win in training (docs/onednn.md), for f32 and bf16; where a group has fewer channels than a block, only
 * channels-last has fast code. A network's images, of up to four channels, stay as they came. Where the library has only slow code for
 * bf16, weight gradients are computed from f32 copies: every second factor in the time of fast code outweighs two reorders.
 */
export const candidatesOf = (layer: ConvolutionLayer): readonly ConvolutionCandidate[] => {
  const { pass, type } = layer;
  const ordinary = ordinaryCandidates(layer, type);
  if (pass === "inference") return inferenceCandidates(layer, ordinary);
  return type === "bf16" && pass === "backwardWeight" ? [...ordinary, ...ordinaryCandidates(layer, "f32")] : ordinary;
};

const ordinaryCandidates = (
  { x, y, params: { groups } }: ConvolutionLayer,
  type: ElementType,
): readonly ConvolutionCandidate[] => {
  const whole = (channels: number): boolean => channels % 16 === 0 && (channels / groups) % 16 === 0;
  const blocked = (channels: number): ImageLayout => (whole(channels) ? "nChw16c" : "nhwc");
  const asItCame: ImageLayout = groups === 1 && x[1] <= 4 ? "plain" : blocked(x[1]);
  return [
    { type, layouts: [asItCame, blocked(y[1])] },
    { type, layouts: ["nhwc", "nhwc"] },
    { type, layouts: ["plain", "plain"] },
  ];
};

/** What computes a convolution: measured, where the program is compiled with measured choices, else by rule. Throws UnsupportedError. */
export const chooseImplementation = (context: Lowering, layer: ConvolutionLayer): ConvolutionImplementation => {
  const ruled = implementationByRule(context, layer);
  const measured = measuredChoice(context, layer, ruled);
  if (measured === null) return ruled;
  const description = descriptionOf(context.dnnl, layer, measured, context.options.convolution);
  return { ...measured, primitive: context.describe(description) };
};

/** The same code with another ending; null where the library has other code for that, or none. */
export const withEnding = (
  context: Lowering,
  layer: ConvolutionLayer,
  { primitive: without, ...candidate }: ConvolutionImplementation,
  ending: ConvolutionEnding,
): ConvolutionImplementation | null => {
  try {
    const ended = { ...layer, ending };
    const description = descriptionOf(context.dnnl, ended, candidate, context.options.convolution);
    const primitive = context.describe(description);
    return primitive.implementation === without.implementation ? { ...candidate, primitive } : null;
  } catch (error) {
    if (error instanceof UnsupportedError) return null;
    throw error;
  }
};

/** The first candidate for which there is fast code; else the first for which there is any. Throws UnsupportedError. */
const implementationByRule = (context: Lowering, layer: ConvolutionLayer): ConvolutionImplementation => {
  let slow: ConvolutionImplementation | null = null;
  let refusal: UnsupportedError | null = null;
  for (const candidate of candidatesOf(layer)) {
    try {
      const primitive = context.describe(descriptionOf(context.dnnl, layer, candidate, context.options.convolution));
      if (isWrong(primitive.implementation, layer.x, layer.params.stride)) continue;
      if (layer.pass === "inference" && isPoorWinograd(primitive.implementation, layer.x, layer.y)) continue;
      if (slowCodeOf(primitive.implementation) === null) return { ...candidate, primitive };
      slow ??= { ...candidate, primitive };
    } catch (error) {
      if (!(error instanceof UnsupportedError)) throw error;
      refusal = error;
    }
  }
  if (slow !== null) return slow;
  throw refusal ?? new UnsupportedError("onednn", context.where, "oneDNN has no code for this convolution");
};
