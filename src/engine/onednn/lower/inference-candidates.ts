// Which code computes a convolution fastest in a network that is only run forward: measured with 2.6.3 on AVX-512, one thread, f32,
// the layers of a ResNet-50 (docs/records/inference.md). Images in blocks of 16 channels win for most; the exceptions stand here.
import type { ImageShape } from "../../../base/shape.ts";
import type { ConvolutionCandidate, ConvolutionLayer } from "./convolution-layer.ts";

/** Up to this many images channels-last wins for every layer, by 5 % of a ResNet-50: too few for Winograd's algorithm to pay. */
const fewImages = 2;
/** From this many channels on, 3×3 windows with a stride gain more channels-last, 10–75 %, than two reorders cost. */
const manyChannels = 256;
/** Winograd's filters, of four times the size, are read for each set of tiles: with few tiles that costs more than it saves. */
const fewTiles = 48;
/** Transforming so few channels takes longer than multiplying them: 3×3, 16 to 16, runs at 60 % of direct code's rate. */
const fewChannels = 16;

/** The library's Winograd code (tiles of 4×4 results) on a layer for which direct code is faster, up to twice. */
export const isPoorWinograd = (implementation: string, [n, channels]: ImageShape, [, , h, w]: ImageShape): boolean =>
  implementation.startsWith("jit_wino") &&
  (channels <= fewChannels || n * Math.ceil(h / 4) * Math.ceil(w / 4) < fewTiles);

/** `ordinary` are those of a training, best first. */
export const inferenceCandidates = (
  { x, filter, params: { groups, stride }, type }: ConvolutionLayer,
  ordinary: readonly ConvolutionCandidate[],
): readonly ConvolutionCandidate[] => {
  const channelsLast: ConvolutionCandidate = { type, layouts: ["nhwc", "nhwc"] };
  if (groups === 1 && x[1] <= 4) return ordinary.map((candidate) => ({ ...candidate, algorithm: "direct" }));
  if (groups > 1 || type !== "f32") return ordinary;
  const direct = { ...channelsLast, algorithm: "direct" } as const;
  if (x[0] <= fewImages) return [direct, ...ordinary];
  const wide = filter[2] > 1 && x[1] >= manyChannels;
  if (wide && stride[0] > 1) return [direct, ...ordinary];
  // Where Winograd's algorithm is passed over, direct code.
  const [blocked, ...others] = ordinary;
  if (blocked === undefined) return ordinary;
  const withoutWinograd = { ...blocked, algorithm: "direct" } as const;
  return wide ? [blocked, direct, withoutWinograd, ...others] : [blocked, withoutWinograd, ...others];
};
