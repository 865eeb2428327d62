// Turning, shearing and moving a picture within its frame, as torchvision does with PIL images: the matrices of its affine and rotate,
// and Pillow's ways of taking pixels, bit for bit (nearest in 16 bits of fixed point; bilinear and bicubic in f64, cut off at the
// fraction). A sine that differs in its last bit between the two machines' libraries could move a sample by one level.
import type { AffineMatrix, PictureOperation } from "./picture-operation.ts";
import type { Picture } from "./resample.ts";

const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** Pillow rounds the cosine and sine of a rotation to 15 digits. */
const rounded = (value: number): number => Number(value.toFixed(15));

/** Counter-clockwise around the middle. */
export const rotation = (degrees: number, width: number, height: number): AffineMatrix => {
  const angle = -radians(((degrees % 360) + 360) % 360);
  const [a, b] = [rounded(Math.cos(angle)), rounded(Math.sin(angle))];
  const [d, e] = [rounded(-Math.sin(angle)), rounded(Math.cos(angle))];
  const [x, y] = [width / 2, height / 2];
  return [a, b, a * -x + b * -y + x, d, e, d * -x + e * -y + y];
};

/** Rows moved left by `slope` of their distance from the top; the corner stays (torchvision's AutoAugment family, after its authors). */
export const shearX = (slope: number): AffineMatrix => [1, Math.tan(Math.atan(slope)), 0, 0, 1, 0];

/** Columns moved up by `slope` of their distance from the left. */
export const shearY = (slope: number): AffineMatrix => {
  const angle = Math.atan(slope);
  return [1, 0, 0, Math.sin(angle) / Math.cos(angle), 1, 0];
};

/** Right and down, by pixels. */
export const translation = (right: number, down: number): AffineMatrix => [1, 0, -right, 0, 1, -down];

const fixed = (value: number): number => Math.floor(value * 65536 + 0.5);

/** Writes the sample at (xin, yin), which lies within the picture, for each channel. */
type Take = (picture: Picture, xin: number, yin: number, out: Uint8Array, at: number) => void;

const clip = (value: number, size: number): number => (value < 0 ? 0 : value < size ? value : size - 1);

const bilinear: Take = ({ width, height, channels, bytes }, xin, yin, out, at) => {
  const [x, y] = [Math.floor(xin - 0.5), Math.floor(yin - 0.5)];
  const [dx, dy] = [xin - 0.5 - x, yin - 0.5 - y];
  const [left, right] = [clip(x, width) * channels, clip(x + 1, width) * channels];
  const [upper, lower] = [clip(y, height) * width * channels, clip(y + 1, height) * width * channels];
  for (let c = 0; c < channels; c++) {
    const [a, b] = [bytes[upper + left + c]!, bytes[upper + right + c]!];
    const [d, e] = [bytes[lower + left + c]!, bytes[lower + right + c]!];
    const above = a + (b - a) * dx;
    const below = d + (e - d) * dx;
    out[at + c] = Math.trunc(above + (below - above) * dy);
  }
};

/** Through four samples, with Keys' a = −1 (resizing has −0.5). */
const cubic = (v1: number, v2: number, v3: number, v4: number, d: number): number =>
  v2 + d * (-v1 + v3 + d * (2 * (v1 - v2) + v3 - v4 + d * (-v1 + v2 - v3 + v4)));

/** Values along four rows, of one pixel at a time. */
const along = new Float64Array(4);

const bicubic: Take = ({ width, height, channels, bytes }, xin, yin, out, at) => {
  const [x, y] = [Math.floor(xin - 0.5), Math.floor(yin - 0.5)];
  const [dx, dy] = [xin - 0.5 - x, yin - 0.5 - y];
  const [i0, i1] = [clip(x - 1, width) * channels, clip(x, width) * channels];
  const [i2, i3] = [clip(x + 1, width) * channels, clip(x + 2, width) * channels];
  const rowBytes = width * channels;
  for (let c = 0; c < channels; c++) {
    for (let k = 0; k < 4; k++) {
      const row = clip(y + k - 1, height) * rowBytes + c;
      along[k] = cubic(bytes[row + i0]!, bytes[row + i1]!, bytes[row + i2]!, bytes[row + i3]!, dx);
    }
    const value = cubic(along[0]!, along[1]!, along[2]!, along[3]!, dy);
    out[at + c] = Math.trunc(Math.min(255, Math.max(0, value)));
  }
};

const filled = ({ width, height, channels }: Picture, fill: readonly number[]): Uint8Array => {
  const bytes = new Uint8Array(width * height * channels);
  if (fill.some((level) => level !== 0)) {
    for (let i = 0; i < bytes.length; i++) bytes[i] = fill[i % channels] ?? 0;
  }
  return bytes;
};

const nearest = (picture: Picture, [a, b, c, d, e, f]: AffineMatrix, out: Uint8Array): void => {
  const { width, height, channels, bytes } = picture;
  const [stepX, stepY] = [fixed(a), fixed(d)];
  for (let y = 0, to = 0; y < height; y++) {
    let x16 = fixed(c + a * 0.5 + b * 0.5) + y * fixed(b);
    let y16 = fixed(f + d * 0.5 + e * 0.5) + y * fixed(e);
    for (let x = 0; x < width; x++, to += channels, x16 += stepX, y16 += stepY) {
      const [fromX, fromY] = [x16 >> 16, y16 >> 16];
      if (fromX < 0 || fromX >= width || fromY < 0 || fromY >= height) continue;
      const from = (fromY * width + fromX) * channels;
      for (let channel = 0; channel < channels; channel++) out[to + channel] = bytes[from + channel]!;
    }
  }
};

const takes = { bilinear, bicubic } as const;

/** The picture moved by the matrix, in a frame of the same size (at most 32,767 pixels wide and high). */
export const affine = (picture: Picture, { matrix, interpolation, fill }: PictureOperation<"affine">): Picture => {
  const { width, height, channels } = picture;
  const out = filled(picture, fill);
  if (interpolation === "nearest") {
    nearest(picture, matrix, out);
    return { ...picture, bytes: out };
  }
  const take = takes[interpolation];
  const [a, b, c, d, e, f] = matrix;
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to += channels) {
      const xin = a * (x + 0.5) + b * (y + 0.5) + c;
      const yin = d * (x + 0.5) + e * (y + 0.5) + f;
      if (xin >= 0 && xin < width && yin >= 0 && yin < height) take(picture, xin, yin, out, to);
    }
  }
  return { ...picture, bytes: out };
};
