// The layers of a shortcut and of the junction where it meets the branch.
import { sameShape } from "../base/shape.ts";
import type { Block } from "./blocks.ts";
import type { LayerList, Made } from "./layer-kinds.ts";
import type { Modulation, ModulationKind, ResNetSpec } from "./spec.ts";
import { paddingOf } from "./windows.ts";

/** A 1×1 convolution doesn't look beyond the map: no padding, whatever the spec's. */
const pixels = (stride: number) => ({ kernel: 1, stride, padding: paddingOf("fixed", [1, 1, 1], 1, stride) });

/**
 * The block's input in the shape of its output. Modules are numbered as in PyTorch's Sequential: `downsample.0` convolution,
 * `.1` batch norm (torchvision); with averaging (ResNet-D, as timm has it) `.0` pool, `.1` convolution, `.2` batch norm.
 */
const shortcut = (list: LayerList, spec: ResNetSpec, block: Block, x: Made, normalised: boolean): Made => {
  const name = `${block.name}.downsample`;
  const { shortcut: way, stride, output } = block;
  if (way === null || way.kind === "identity") return x;
  const averaged = way.average === null ? x : list.pool("averagePool", `${name}.0`, x, way.average);
  const left = way.average === null ? stride : 1;
  if (way.kind === "zeroPad") {
    // An averaged map of enough channels is the shortcut already.
    const done = way.average !== null && way.before + way.after === 0;
    return done ? averaged : list.zeroPad(name, averaged, left, way.before, way.after);
  }
  if (spec.block === "dense") return list.dense(name, x, output[0]);
  const first = spec.shortcutDownsampling === "stride" ? 0 : 1;
  const bias = spec.convolutionBias ? 0 : null;
  const projected = list.conv(`${name}.${first}`, averaged, pixels(left), output[0], 1, bias);
  return normalised ? list.batchNorm(`${name}.${first + 1}`, projected, false) : projected;
};

/** What both paths have become just before they are added. */
interface Paths {
  readonly way: Made;
  readonly branch: Made;
}

/** 1 − g and g, with g = σ(W·x + b) of the block's input. */
const gate = (list: LayerList, block: Block, x: Made, initialBias: number) => {
  const name = `${block.name}.gate`;
  const atPixels = pixels(block.stride);
  const open = list.sigmoid(`${name}.sigmoid`, list.conv(name, x, atPixels, block.output[0], 1, initialBias));
  return { open, closed: list.affine(`${name}.complement`, open, -1, 1) };
};

type ModulationRule<K extends ModulationKind> = (
  list: LayerList,
  block: Block,
  x: Made,
  paths: Paths,
  modulation: Modulation<K>,
) => Paths;

const modulations: { readonly [K in ModulationKind]: ModulationRule<K> } = {
  scaling: (list, block, _, paths, { shortcut: shortcutScale, branch: branchScale }) => ({
    way: list.affine(`${block.name}.scaledShortcut`, paths.way, shortcutScale, 0),
    branch: branchScale === 1 ? paths.branch : list.affine(`${block.name}.scaledBranch`, paths.branch, branchScale, 0),
  }),
  "exclusive-gate": (list, block, x, paths, { initialBias }) => {
    const { open, closed } = gate(list, block, x, initialBias);
    return {
      way: list.combine("multiply", `${block.name}.gatedShortcut`, paths.way, closed),
      branch: list.combine("multiply", `${block.name}.gatedBranch`, paths.branch, open),
    };
  },
  "shortcut-gate": (list, block, x, paths, { initialBias }) => ({
    ...paths,
    way: list.combine("multiply", `${block.name}.gatedShortcut`, paths.way, gate(list, block, x, initialBias).closed),
  }),
  dropout: (list, block, _, paths, { fraction }) => ({
    ...paths,
    way: list.dropout(`${block.name}.droppedShortcut`, paths.way, fraction),
  }),
};

const modulate = <K extends ModulationKind>(
  list: LayerList,
  block: Block,
  x: Made,
  paths: Paths,
  modulation: Modulation<K>,
): Paths => {
  const rule: ModulationRule<K> = modulations[modulation.kind];
  return rule(list, block, x, paths, modulation);
};

/** Where only whole windows are averaged, a path can be smaller than the block's output. */
const extended = (list: LayerList, spec: ResNetSpec, block: Block, path: string, x: Made): Made => {
  if (spec.shortcutDownsampling !== "average-whole" || sameShape(x.output, block.output)) return x;
  return list.extend(`${block.name}.extended${path}`, x, block.output);
};

/**
 * Adds the shortcut from x to the branch. `normalised`: whether a projection has a batch norm, which it has where the branch
 * ends with one, so that pre-activation leaves the way through the shortcuts free. In a plain network the branch is all.
 */
export const joinPaths = (
  list: LayerList,
  spec: ResNetSpec,
  block: Block,
  x: Made,
  branch: Made,
  normalised: boolean,
): Made => {
  if (block.shortcut === null) return branch;
  const straight = {
    way: extended(list, spec, block, "Shortcut", shortcut(list, spec, block, x, normalised)),
    branch: extended(list, spec, block, "Branch", branch),
  };
  const { modulation } = spec;
  const paths = modulation === null ? straight : modulate(list, block, x, straight, modulation);
  return list.combine("add", `${block.name}.add`, paths.branch, paths.way);
};
