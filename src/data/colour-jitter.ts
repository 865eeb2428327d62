// Colour jitter as data, and what is drawn for one image: torchvision's ColorJitter (Howard 2013, "Some improvements on deep
// convolutional neural network based image classification", §2.2, for brightness, contrast and colour; the strengths 0.4 are those of
// fb.resnet.torch, which trains He et al.'s networks). The operations themselves are in picture-operation.ts.
import { UsageError } from "../base/errors.ts";
import { permutation, type RandomStream } from "../base/philox.ts";
import type { PictureOperation } from "./picture-operation.ts";

/** Strengths; 0 leaves one out. The four are done in an order that is drawn as well. */
export interface ColourJitter {
  /** b: the factor is uniform in max(0, 1 − b) … 1 + b. */
  readonly brightness: number;
  /** Alike. */
  readonly contrast: number;
  /** Alike. */
  readonly saturation: number;
  /** h in 0 … 0.5: the turn is uniform in −h … h of the circle of colours. */
  readonly hue: number;
}

/** Of fb.resnet.torch (Gross and Wilber 2016). */
export const usualColourJitter: ColourJitter = { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0 };

/** Throws UsageError where a strength is out of its range, or nothing would be done. */
export const checkColourJitter = (jitter: ColourJitter): void => {
  const { brightness, contrast, saturation, hue } = jitter;
  for (const [name, strength] of Object.entries({ brightness, contrast, saturation })) {
    if (!(strength >= 0 && Number.isFinite(strength))) {
      throw new UsageError(`augmentation: colour.${name} ${strength} should be a number of at least 0 (usual: 0.4)`);
    }
  }
  if (!(hue >= 0 && hue <= 0.5)) {
    throw new UsageError(`augmentation: colour.hue ${hue} should lie in 0 … 0.5, of the circle of colours`);
  }
  if (brightness + contrast + saturation + hue === 0) {
    throw new UsageError("augmentation: colour changes nothing; give brightness, contrast, saturation or hue, or null");
  }
};

/** The operations on one image, in order. As many numbers are drawn whatever is left out. */
export const drawColourJitter = (jitter: ColourJitter, stream: RandomStream): readonly PictureOperation[] => {
  const order = permutation(4, stream);
  const factor = (strength: number): number => {
    const least = Math.max(0, 1 - strength);
    return least + (1 + strength - least) * stream.uniform();
  };
  const drawn: readonly (PictureOperation & { readonly strength: number })[] = [
    { kind: "brightness", strength: jitter.brightness, factor: factor(jitter.brightness) },
    { kind: "contrast", strength: jitter.contrast, factor: factor(jitter.contrast) },
    { kind: "saturation", strength: jitter.saturation, factor: factor(jitter.saturation) },
    { kind: "hue", strength: jitter.hue, turn: jitter.hue * (2 * stream.uniform() - 1) },
  ];
  return [...order].map((i) => drawn[i]!).filter(({ strength }) => strength > 0);
};
