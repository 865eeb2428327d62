// Pictures with the statistics of photographs, drawn from a seed: leaves of all sizes that hide one another (Lee, Mumford and
// Huang 2001, Occlusion models for natural images), each with a texture whose amplitude falls as 1/f (Field 1987). A JPEG of them
// takes as much to decode as one of a photograph: as many edges, as much noise. Nothing is shown on them.
import { type RandomStream, randomStream } from "../../src/base/philox.ts";

/** [H, W, 3], 0 … 255. */
export interface DrawnPicture {
  readonly width: number;
  readonly height: number;
  readonly bytes: Uint8Array;
}

/** Side of the square that textures are cut from; they wrap around. */
const textureSide = 1024;
const octaves = 9;
/** Of colour beside that of brightness, as a deviation: most of what varies in photographs is brightness. */
const colourShare = 0.3;

/** Noise of equal power in each octave, which is 1/f in amplitude: [textureSide, textureSide], deviation about 1. */
const pinkNoise = (random: RandomStream): Float32Array => {
  const sum = new Float32Array(textureSide * textureSide);
  for (let octave = 0; octave < octaves; octave++) {
    const cell = 2 ** octave; // pixels between values, linearly interpolated
    const cells = textureSide / cell;
    const values = Float32Array.from({ length: cells * cells }, () => random.normal() / Math.sqrt(octaves));
    const at = (i: number, j: number): number => values[(i % cells) * cells + (j % cells)]!;
    for (let y = 0; y < textureSide; y++) {
      const [i, v] = [Math.floor(y / cell), (y % cell) / cell];
      for (let x = 0; x < textureSide; x++) {
        const [j, u] = [Math.floor(x / cell), (x % cell) / cell];
        const above = at(i, j) * (1 - u) + at(i, j + 1) * u;
        const below = at(i + 1, j) * (1 - u) + at(i + 1, j + 1) * u;
        sum[y * textureSide + x]! += above * (1 - v) + below * v;
      }
    }
  }
  return sum;
};

interface Leaf {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly colour: readonly [number, number, number];
  /** Deviation of the texture's brightness. */
  readonly contrast: number;
  /** Where its texture begins. */
  readonly offset: number;
}

const leaves = 60;
const smallestRadius = 12;
const largestRadius = 400;

/** Radii are distributed as r⁻³: the picture looks alike at every scale. */
const drawLeaf = (random: RandomStream, width: number, height: number): Leaf => {
  const [a, b] = [smallestRadius ** -2, largestRadius ** -2];
  const brightness = 40 + 175 * random.uniform();
  const tinted = (): number => brightness + 30 * random.normal();
  return {
    x: width * random.uniform(),
    y: height * random.uniform(),
    radius: (a - (a - b) * random.uniform()) ** -0.5,
    colour: [tinted(), tinted(), tinted()],
    contrast: 10 + 45 * random.uniform(),
    offset: random.below(textureSide * textureSide),
  };
};

/** Draws pictures: `draw(i)` depends on the seed and on i alone. */
export const openDeadLeaves = (seed: number, width: number, height: number): ((picture: number) => DrawnPicture) => {
  const purpose = 2 ** 16; // a stream of its own, apart from the library's
  const textures = [0, 1, 2, 3].map((channel) => pinkNoise(randomStream(seed, purpose, channel)));
  const [light, ...tints] = textures;
  return (picture) => {
    const random = randomStream(seed, purpose + 1, picture);
    const ground: Leaf = { ...drawLeaf(random, width, height), radius: Number.POSITIVE_INFINITY };
    const drawn = [ground, ...Array.from({ length: leaves }, () => drawLeaf(random, width, height))];
    const top = new Uint8Array(width * height); // of each pixel, the leaf that is seen
    for (const [index, { x, y, radius }] of drawn.entries()) {
      for (let i = Math.max(0, Math.ceil(y - radius)); i < Math.min(height, y + radius); i++) {
        const half = Math.sqrt(radius ** 2 - (i - y) ** 2);
        const from = Math.max(0, Math.ceil(x - half));
        const to = Math.min(width, Math.ceil(x + half));
        if (to > from) top.fill(index, i * width + from, i * width + to);
      }
    }
    const bytes = new Uint8ClampedArray(width * height * 3);
    for (let i = 0; i < height; i++) {
      for (let j = 0; j < width; j++) {
        const { colour, contrast, offset } = drawn[top[i * width + j]!]!;
        const place = (offset + i * textureSide + j) % (textureSide * textureSide);
        const brightness = light![place]!;
        for (let c = 0; c < 3; c++) {
          bytes[(i * width + j) * 3 + c] = colour[c]! + contrast * (brightness + colourShare * tints[c]![place]!);
        }
      }
    }
    return { width, height, bytes: new Uint8Array(bytes.buffer) };
  };
};
