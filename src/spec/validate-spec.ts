// Whether a well-formed spec means a network. Each refusal names the field, its value and the paper's value or the remedy.
import { UsageError } from "../base/errors.ts";
import { formatShape, sameShape } from "../base/shape.ts";
import { groupWidth } from "./blocks.ts";
import { type Layer, layersOf, orders } from "./layers.ts";
import type { ResNetSpec, Stem } from "./spec.ts";

const checkStem = ({ stem, block, activation }: ResNetSpec): string | null => {
  if (stem === null) {
    return block === "dense"
      ? null
      : `stem is null, but ${block} blocks take a map: give a stem, as {"width": 16, "kernel": 3, "stride": 1, "pool": null}`;
  }
  if (block === "dense") {
    return 'stem should be null with block "dense": dense blocks take the image as a list of features';
  }
  if (!stem.activated && activation !== "pre") {
    return `stem.activated is false, but with activation "${activation}" nothing else activates the first convolution: set activation to "pre" (timm's resnetv2), or leave activated out`;
  }
  return checkPool(stem);
};

const checkPool = ({ pool }: Stem): string | null => {
  if (pool === null || typeof pool.padding === "string") return null;
  const most = typeof pool.padding === "number" ? pool.padding : Math.max(...Object.values(pool.padding));
  if (most * 2 <= pool.kernel) return null;
  return `stem.pool.padding is ${most}, more than half of stem.pool.kernel (${pool.kernel}), so windows could hold no pixel: the paper has kernel 3 and padding 1`;
};

const checkUngroupedBlocks = (spec: ResNetSpec): string | null => {
  if (spec.block === "bottleneck") return null;
  for (const [field, value, only] of [
    ["groups", spec.groups, 1],
    ["widthPerGroup", spec.widthPerGroup, 64],
  ] as const) {
    if (value !== only) {
      return `${field} is ${value}, but ${spec.block} blocks have ${only}: set block to "bottleneck", as ResNeXt does, or leave ${field} out`;
    }
  }
  if (spec.strideAt !== "first") {
    return `strideAt is "${spec.strideAt}", but a basic block has its stride in the first 3×3: set block to "bottleneck", or leave strideAt out`;
  }
  return null;
};

/** Dense blocks know no maps: what is said about windows, channels and batch norm would mean nothing. */
const checkDenseBlocks = (spec: ResNetSpec): string | null => {
  if (spec.block !== "dense") return null;
  for (const [s, { stride }] of spec.stages.entries()) {
    if (stride !== 1)
      return `stages[${s}].stride is ${stride}, but dense blocks have no map to stride over: set it to 1`;
  }
  if (spec.shortcut === "A") {
    return 'shortcut "A" pads channels of maps, which dense blocks have not: set it to "B" (a dense layer where widths differ)';
  }
  const meaningless = [
    ["modulation", spec.modulation !== null],
    ["shortcutDownsampling", spec.shortcutDownsampling !== "stride"],
    ["padding", spec.padding !== "fixed"],
    ["convolutionBias", spec.convolutionBias],
    ["zeroLastGamma", spec.zeroLastGamma],
  ] as const;
  const field = meaningless.find(([, set]) => set)?.[0];
  return field === undefined
    ? null
    : `${field} is set, but dense blocks have neither maps nor batch norm: leave it out`;
};

const checkModulation = ({ modulation, shortcut, shortcutDownsampling }: ResNetSpec): string | null => {
  if (modulation === null) return null;
  if (shortcut === "none") {
    return `modulation is "${modulation.kind}", but with shortcut "none" there is no shortcut to change: set shortcut to "A" or "B", or modulation to null`;
  }
  if (shortcutDownsampling === "average-whole" && modulation.kind.endsWith("gate")) {
    return `modulation is "${modulation.kind}", but with shortcutDownsampling "average-whole" the paths have sizes that a gate has not: set shortcutDownsampling to "average", or modulation to null`;
  }
  return null;
};

const checkGroupWidths = (spec: ResNetSpec): string | null => {
  if (spec.block !== "bottleneck") return null;
  for (const [s, stage] of spec.stages.entries()) {
    const width = groupWidth(spec, stage);
    if (!Number.isInteger(width)) {
      return `stages[${s}].width ${stage.width} × widthPerGroup ${spec.widthPerGroup} / 64 gives groups of ${width} channels, not a whole number: ResNets have widthPerGroup 64, ResNeXt-50 32×4d has widths 64 to 512 and widthPerGroup 4`;
    }
  }
  return null;
};

const checkZeroPadding = (spec: ResNetSpec): string | null => {
  if (spec.shortcut !== "A" || spec.stem === null) return null;
  let channels = spec.stem.width;
  for (const [s, { width }] of spec.stages.entries()) {
    const out = width * spec.expansion;
    if (out < channels) {
      return `stages[${s}].width ${width} gives ${out} channels after ${channels}, and shortcut "A" can only add channels of zeros: widen the stage (the paper doubles: 16, 32, 64) or set shortcut to "B"`;
    }
    channels = out;
  }
  return null;
};

const checkLastGamma = (spec: ResNetSpec): string | null => {
  if (!spec.zeroLastGamma) return null;
  if (spec.activation === "pre") {
    return 'zeroLastGamma is true, but with activation "pre" a relu follows that batch norm and a branch that starts at 0 gets no gradient: leave it out';
  }
  if (orders[spec.activation].closing.length !== 1) {
    return `zeroLastGamma is true, but with activation "${spec.activation}" no batch norm stands just before the addition: leave it out`;
  }
  if (spec.shortcut === "none") {
    return 'zeroLastGamma is true, but with shortcut "none" every block would give 0: leave it out';
  }
  return null;
};

type Window = Layer<"conv" | "maxPool">;

/** The first convolution or pool whose steps are longer than its map, or whose windows don't fit. */
const firstTooSmall = (spec: ResNetSpec): { readonly layer: Window; readonly map: readonly number[] } | null => {
  const outputs = new Map<string, readonly number[]>([["input", spec.input]]);
  for (const layer of layersOf(spec)) {
    outputs.set(layer.name, layer.output);
    if (layer.kind !== "conv" && layer.kind !== "maxPool") continue;
    const map = (outputs.get(layer.x) ?? []).slice(1);
    if (map.some((size) => size < layer.stride) || layer.output.some((size) => size < 1)) return { layer, map };
  }
  return null;
};

/** Sizes that the search for a sufficient input tries. */
const largestTried = 4096;

/**
 * A stride of 2 on a map of one pixel is refused: PyTorch computes it (the window lies half on padding), but the stage
 * then halves nothing, and the images are too small for the network.
 */
const checkSizes = (spec: ResNetSpec): string | null => {
  const small = firstTooSmall(spec);
  if (small === null) return null;
  const { layer, map } = small;
  const [channels, height, width] = spec.input;
  let enough = 1;
  while (enough <= largestTried && firstTooSmall({ ...spec, input: [channels, enough, enough] }) !== null) enough++;
  const remedy = enough <= largestTried ? `give it at least ${enough}×${enough}` : "give it larger images";
  const halving = `${layer.name} (kernel ${layer.kernel}, stride ${layer.stride}) would shrink a map of ${map.join("×")} below one pixel`;
  return `input ${height}×${width} is too small: ${halving}; ${remedy}, or take a network for small images, as resnet20`;
};

/** Explicit padding can give a branch another size than its shortcut has. */
const checkJunctions = (spec: ResNetSpec): string | null => {
  const outputs = new Map<string, readonly number[]>();
  for (const layer of layersOf(spec)) {
    outputs.set(layer.name, layer.output);
    if (layer.kind !== "add") continue;
    const [a, b] = [outputs.get(layer.a) ?? [], outputs.get(layer.b) ?? []];
    if (sameShape(a, b)) continue;
    return `padding ${JSON.stringify(spec.padding)} makes a branch of ${formatShape(a)} but a shortcut of ${formatShape(b)} at ${layer.name}: set padding to "fixed" or "same", or take another input size`;
  }
  return null;
};

// In this order: the later checks rely on the earlier ones.
const checks = [
  checkStem,
  checkUngroupedBlocks,
  checkDenseBlocks,
  checkModulation,
  checkGroupWidths,
  checkZeroPadding,
  checkLastGamma,
  checkSizes,
  checkJunctions,
];

/** Returns the spec if it describes a network; else throws a UsageError that begins with `where` (a file or a name). */
export const validateSpec = (spec: ResNetSpec, where: string): ResNetSpec => {
  for (const check of checks) {
    const problem = check(spec);
    if (problem !== null) throw new UsageError(`${where}: ${problem}`);
  }
  return spec;
};
