// A classic mistake: a network made for photographs of 224×224 on images of 32×32. Its stem throws most pixels away before the first
// block, and the last stage has one pixel to look at (1512.03385 has another stem for CIFAR-10, section 4.2).
import { layersOf } from "../../spec/layers.ts";
import type { ResNetSpec } from "../../spec/spec.ts";

/** ImageNet's stem shrinks by 4: from this side on, four stages have 2×2 pixels left at least. */
const leastSide = 64;
const stemShrinks = 4;

const formatMap = ([, height = 1, width = 1]: readonly number[]): string => `${height}×${width}`;

/** One sentence with the remedy; null where the network suits its input. */
export const smallImageWarning = (spec: ResNetSpec): string | null => {
  const { name, input, stem } = spec;
  if (stem === null) return null;
  const maps = layersOf(spec).filter(({ output }) => output.length === 3);
  const last = maps.at(-1)?.output ?? [0, 1, 1];
  const isOnePixel = formatMap(last) === "1×1";
  const shrink = stem.stride * (stem.pool?.stride ?? 1);
  const isTooSmall = Math.min(input[1], input[2]) < leastSide && shrink >= stemShrinks;
  if (!isOnePixel && !isTooSmall) return null;
  const stemOf = shrink > 1 ? `its stem shrinks images of ${formatMap(input)} by ${shrink}, and ` : "";
  const remedy =
    shrink > 1
      ? "take a network made for small images, such as resnet20, or a spec whose stem has stride 1 and no pool"
      : "take one with fewer stages of stride 2, or larger images";
  return `${name} is made for larger images: ${stemOf}its last stage sees ${formatMap(last)} of ${formatMap(input)}; ${remedy}`;
};
