// A spec expanded into its layers, in the order of execution, each with its name, its inputs' names and its output's size.
// Parameters, MACs, summaries and the graph are all read from this list, so that nothing about a network is computed twice.
import { type Block, blocksOf } from "./blocks.ts";
import { type Layer, LayerList, type Made, mapOf } from "./layer-kinds.ts";
import { joinPaths } from "./shortcut-layers.ts";
import type { ActivationOrder, ResNetSpec, Stem } from "./spec.ts";
import { paddingOf } from "./windows.ts";

export type { Layer, LayerKind, LayerKinds, LayerOutput } from "./layer-kinds.ts";

type Activation = readonly ("bn" | "relu")[];

/** What stands around each convolution of a block, and around its addition. */
interface Order {
  readonly before: Activation;
  readonly after: Activation;
  /** Instead of `after`, behind the branch's last convolution. */
  readonly closing: Activation;
  /** Behind the addition. */
  readonly joined: Activation;
  /** Behind the last block; the stem's `activated` is its counterpart. */
  readonly end: Activation;
}

/** Figure 4 of 1603.05027, and one more. Dense blocks go by it as well, without batch norm. */
export const orders: { readonly [A in ActivationOrder]: Order } = {
  post: { before: [], after: ["bn", "relu"], closing: ["bn"], joined: ["relu"], end: [] },
  "batch-norm-after-addition": { before: [], after: ["bn", "relu"], closing: [], joined: ["bn", "relu"], end: [] },
  "relu-before-addition": { before: [], after: ["bn", "relu"], closing: ["bn", "relu"], joined: [], end: [] },
  "relu-only-pre": { before: ["relu"], after: ["bn"], closing: ["bn"], joined: [], end: ["relu"] },
  pre: { before: ["bn", "relu"], after: [], closing: [], joined: [], end: ["bn", "relu"] },
  "no-relu-after-addition": { before: [], after: ["bn", "relu"], closing: ["bn"], joined: [], end: [] },
};

/** Whether a block's first activation has been made by the stem already. */
const activatedByStem = (spec: ResNetSpec, block: Block): boolean =>
  spec.stem?.activated === true && block.name === "layer1.0" && orders[spec.activation].before.length > 0;

/** The layers of a network. Linear in the number of blocks. */
export const layersOf = (spec: ResNetSpec): readonly Layer[] => {
  const list = new LayerList();
  const order = orders[spec.activation];
  const bias = spec.convolutionBias ? 0 : null;

  /** Batch norm and relu under a prefix and the number of the convolution that they belong to: `layer1.0.`, 1. */
  const activate = (steps: Activation, prefix: string, number: number, x: Made, closing = false): Made => {
    const closesBranch = closing && steps.length === 1;
    const kinds = spec.block === "dense" ? steps.filter((step) => step !== "bn") : steps;
    const add = (y: Made, step: "bn" | "relu"): Made =>
      step === "bn" ? list.batchNorm(`${prefix}bn${number}`, y, closesBranch) : list.relu(`${prefix}relu${number}`, y);
    return kinds.reduce(add, x);
  };

  /** Modules of a deep stem are numbered as in PyTorch's Sequential (timm's names): `conv1.0`, `.1` batch norm, `.2` relu, `.3` … */
  const stemConvolutions = ({ width, before, kernel, stride, padding }: Stem, image: Made): Made => {
    const conv = (x: Made, i: number, filters: number): Made => {
      const step = i === 0 ? stride : 1;
      const sliding = { kernel, stride: step, padding: paddingOf(padding, mapOf(x.output), kernel, step) };
      return list.conv(before.length === 0 ? "conv1" : `conv1.${3 * i}`, x, sliding, filters, 1, bias);
    };
    const activated = (x: Made, i: number): Made =>
      list.relu(`conv1.${3 * i + 2}`, list.batchNorm(`conv1.${3 * i + 1}`, x, false));
    return conv(
      before.reduce((x, filters, i) => activated(conv(x, i, filters), i), image),
      before.length,
      width,
    );
  };

  const stem = (image: Made): Made => {
    if (spec.stem === null) return list.flatten("flatten", image);
    const { activated, pool } = spec.stem;
    let x = stemConvolutions(spec.stem, image);
    if (activated) x = list.relu("relu", list.batchNorm("bn1", x, false));
    if (pool === null) return x;
    const pooling = { ...pool, padding: paddingOf(pool.padding, mapOf(x.output), pool.kernel, pool.stride) };
    return list.pool("maxPool", "maxpool", x, pooling);
  };

  /** The block's convolutions or dense layers with what stands around each; the first takes x, activated already. */
  const branch = (block: Block, x: Made): Made => {
    const prefix = `${block.name}.`;
    let y = x;
    for (const [i, { outChannels, groups, ...sliding }] of block.branch.entries()) {
      const last = i === block.branch.length - 1;
      if (i > 0) y = activate(order.before, prefix, i + 1, y);
      if (last && spec.blockDropout > 0) y = list.dropout(`${prefix}dropout`, y, spec.blockDropout);
      y =
        spec.block === "dense"
          ? list.dense(`${prefix}fc${i + 1}`, y, outChannels)
          : list.conv(`${prefix}conv${i + 1}`, y, sliding, outChannels, groups, bias);
      y = activate(last ? order.closing : order.after, prefix, i + 1, y, last);
    }
    return y;
  };

  /**
   * Where the block begins with an activation, the shortcut takes what that made in the network's first block (1603.05027,
   * appendix; of timm's convention only where the next holds) and where the shortcut changes the shape (the authors' code).
   */
  const block = (x: Made, geometry: Block): Made => {
    const last = geometry.branch.length;
    const prefix = `${geometry.name}.`;
    const activated = activatedByStem(spec, geometry) ? x : activate(order.before, prefix, 1, x);
    const y = branch(geometry, activated);
    const source = geometry.shortcut?.kind === "identity" ? x : activated;
    const normalised = spec.block !== "dense" && order.closing.includes("bn");
    return activate(order.joined, prefix, last, joinPaths(list, spec, geometry, source, y, normalised));
  };

  const head = (x: Made): void => {
    let features = spec.block === "dense" ? x : list.globalAveragePool("avgpool", x);
    if (spec.head.dropout > 0) features = list.dropout("dropout", features, spec.head.dropout);
    list.dense("fc", features, spec.classes, spec.head.bias);
  };

  /** Named `bn` and `reluLast`: `bn1` and `relu` are the stem's. */
  const end = (x: Made): Made => {
    const normalised = order.end.includes("bn") && spec.block !== "dense" ? list.batchNorm("bn", x, false) : x;
    return order.end.includes("relu") ? list.relu("reluLast", normalised) : normalised;
  };

  const stemmed = stem({ name: "input", output: spec.input });
  head(end(blocksOf(spec, mapOf(stemmed.output)).reduce(block, stemmed)));
  return list.layers;
};
