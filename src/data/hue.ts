// Turning the hue of a picture: to HSV in bytes, a number added to the hue modulo 256, and back; Pillow's conversions, bit for bit,
// which round some steps to f32 and others not. Grey pictures stay.
import type { Picture } from "./resample.ts";

const f32 = Math.fround;

/** Hue as a byte, 0 … 255 for once around the circle, of a pixel that isn't grey. `spread` is largest − smallest. */
const hueOf = (red: number, green: number, blue: number, largest: number, spread: number): number => {
  const redness = f32((largest - red) / spread);
  const greenness = f32((largest - green) / spread);
  const blueness = f32((largest - blue) / spread);
  let sixths: number;
  if (red === largest) sixths = f32(blueness - greenness);
  else if (green === largest) sixths = f32(2 + redness - blueness);
  else sixths = f32(4 + greenness - redness);
  return Math.trunc(f32((sixths / 6 + 1) % 1) * 255);
};

/** Writes the pixel of hue h, saturation s and value v (bytes). */
const writePixel = (bytes: Uint8Array, at: number, h: number, s: number, v: number): void => {
  const sixth = Math.floor((h * 6) / 255); // 0 … 6
  const rest = f32((h * 6) / 255 - sixth);
  const share = f32(s / 255);
  const p = Math.round(v * (1 - share));
  const q = Math.round(v * (1 - f32(share * rest)));
  const t = Math.round(v * (1 - share * (1 - rest)));
  const sector = sixth % 6;
  bytes[at] = sector === 0 || sector === 5 ? v : sector === 1 ? q : sector === 4 ? t : p;
  bytes[at + 1] = sector === 1 || sector === 2 ? v : sector === 0 ? t : sector === 3 ? q : p;
  bytes[at + 2] = sector === 3 || sector === 4 ? v : sector === 2 ? t : sector === 5 ? q : p;
};

/** `turn` in −0.5 … 0.5 of the circle, as torchvision's adjust_hue: in steps of 1/255, cut off towards 0. */
export const hue = (picture: Picture, turn: number): Picture => {
  const { channels, bytes } = picture;
  if (channels !== 3) return picture;
  const step = Math.trunc(turn * 255);
  const turned = bytes.slice();
  for (let i = 0; i < bytes.length; i += 3) {
    const [red, green, blue] = [bytes[i]!, bytes[i + 1]!, bytes[i + 2]!];
    const largest = red > green ? (red > blue ? red : blue) : green > blue ? green : blue;
    const smallest = red < green ? (red < blue ? red : blue) : green < blue ? green : blue;
    if (largest === smallest) continue; // grey
    const saturation = Math.trunc(f32((largest - smallest) / largest) * 255);
    if (saturation === 0) {
      turned.fill(largest, i, i + 3);
      continue;
    }
    const h = (hueOf(red, green, blue, largest, largest - smallest) + step) & 0xff;
    writePixel(turned, i, h, saturation, largest);
  }
  return { ...picture, bytes: turned };
};
