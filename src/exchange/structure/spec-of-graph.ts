// Which ResNet a graph could be: the fields of a spec, read off the graph's shape. It may be wrong about a graph that is none;
// match-layers.ts then says which node doesn't fit.
import { FormatError, UsageError } from "../../base/errors.ts";
import { namedNetworks, namedSpec } from "../../spec/named-networks.ts";
import { parseSpec } from "../../spec/parse-spec.ts";
import type { ActivationOrder, MapShape, ResNetSpec, ShortcutOption } from "../../spec/spec.ts";
import { deeperFirst, depthsOf } from "./depths.ts";
import { isKind, type SourceGraph, type SourceNode } from "./source-graph.ts";

type Conv = SourceNode<"conv">;
interface SourceBlock {
  readonly branch: readonly Conv[];
  readonly shortcut: "identity" | "projection" | "zeroPad" | "none";
  readonly zerosBefore: number;
}

const outChannels = ({ weight }: Conv): number => weight.shape[0] ?? 0;
const inChannels = ({ weight, groups }: Conv): number => (weight.shape[1] ?? 0) * groups;
/** The blocks that files are read with: dense ones have no convolutions. */
type BlockKind = "basic" | "bottleneck";
const strideOf = (branch: readonly Conv[]): number => branch.reduce((product, { stride }) => product * stride, 1);

/** Blocks in order. From each addition back along both operands, to the addition, the pool or the stem before it. */
const blocksOfGraph = ({ nodes }: SourceGraph, stem: Conv): readonly SourceBlock[] => {
  const [byName, depths] = [new Map(nodes.map((node) => [node.name, node])), depthsOf(nodes)];
  const wayBack = (from: string): readonly SourceNode[] => {
    const way: SourceNode[] = [];
    let node = byName.get(from);
    while (node !== undefined && node !== stem && node.kind !== "add" && node.kind !== "maxPool") {
      way.unshift(node);
      node = byName.get(node.inputs[0] ?? "");
    }
    return way;
  };
  const blocks = nodes.filter(isKind("add")).map(({ inputs }): SourceBlock => {
    const [branch = "", shortcut = ""] = deeperFirst(inputs, depths);
    const way = wayBack(shortcut);
    const zeroPad = way.find(isKind("zeroPad"));
    const kind = zeroPad ? "zeroPad" : way.some(isKind("conv")) ? "projection" : "identity";
    return { branch: wayBack(branch).filter(isKind("conv")), shortcut: kind, zerosBefore: zeroPad?.before ?? 0 };
  });
  if (blocks.length > 0) return blocks;
  // A plain net: blocks of two convolutions, none of which anything joins.
  const convs = nodes.filter(isKind("conv")).filter((conv) => conv !== stem);
  return Array.from({ length: Math.ceil(convs.length / 2) }, (_, i) => {
    return { branch: convs.slice(2 * i, 2 * i + 2), shortcut: "none", zerosBefore: 0 };
  });
};

/** Whether batch norm and relu follow the stem's convolution; timm's v2 pools it bare, or begins its first block with it. */
const isActivated = ({ nodes }: SourceGraph, stem: Conv): boolean =>
  nodes.filter(({ inputs }) => inputs.includes(stem.name)).every(({ kind }) => kind === "batchNorm" || kind === "relu");

/**
 * What stands behind the last addition, before it, and what the shortcuts of later blocks take: with an activation before the
 * branch, the sum itself; with one behind the addition, its relu.
 */
const activationOf = ({ nodes }: SourceGraph, activated: boolean): ActivationOrder => {
  const [byName, depths] = [new Map(nodes.map((node) => [node.name, node])), depthsOf(nodes)];
  const ways = nodes.filter(isKind("add")).map(({ inputs }) => {
    const [branch, shortcut] = deeperFirst(inputs, depths).map((input) => byName.get(input)?.kind);
    return { branch, shortcut };
  });
  const last = nodes.findLast(isKind("add"));
  // A plain net shows it only where a pool comes before the first batch norm (otherwise the two are the same function).
  if (last === undefined) return activated ? "post" : "pre";
  const behind = nodes.find(({ inputs }) => inputs.includes(last.name))?.kind;
  const laterTake = (kind: SourceNode["kind"]): boolean => ways.slice(1).some(({ shortcut }) => shortcut === kind);
  if (behind === "relu") return laterTake("add") ? "relu-only-pre" : "post";
  if (behind === "batchNorm") return laterTake("relu") ? "batch-norm-after-addition" : "pre";
  return ways.at(-1)?.branch === "relu" ? "relu-before-addition" : "no-relu-after-addition";
};

const shortcutOf = (blocks: readonly SourceBlock[]): ShortcutOption => {
  const has = (kind: SourceBlock["shortcut"]) => blocks.some(({ shortcut }) => shortcut === kind);
  if (has("none")) return "none";
  if (has("zeroPad")) return "A";
  const projectsAlike = blocks.some(({ branch, shortcut }) => {
    const [first, last] = [branch[0], branch.at(-1)];
    const alike = first && last && inChannels(first) === outChannels(last) && strideOf(branch) === 1;
    return alike === true && shortcut === "projection";
  });
  return projectsAlike ? "C" : "B";
};

/** Of a basic block, the second convolution's channels by the first's; of a bottleneck, which doesn't show it, the papers' 4. */
const expansionOf = (block: BlockKind, { branch: [first, last] }: SourceBlock): number =>
  block === "basic" && first && last ? outChannels(last) / outChannels(first) : 4;

const stagesOf = (blocks: readonly SourceBlock[], expansion: number): ResNetSpec["stages"] => {
  const stages: { blocks: number; width: number; stride: number }[] = [];
  for (const { branch } of blocks) {
    const stride = strideOf(branch);
    const last = branch.at(-1);
    const width = last ? outChannels(last) / expansion : 0;
    const stage = stages.at(-1);
    if (stage && stride === 1 && stage.width === width) stage.blocks += 1;
    else stages.push({ blocks: 1, width, stride });
  }
  return stages;
};

/** Groups, and channels of a group where the stage's width is 64, of the first block's 3×3. */
const groupsOf = (block: BlockKind, first: SourceBlock): Pick<ResNetSpec, "groups" | "widthPerGroup"> => {
  const [, middle, last] = first.branch;
  if (block === "basic" || !middle || !last) return { groups: 1, widthPerGroup: 64 };
  const width = outChannels(last) / expansionOf(block, first);
  return { groups: middle.groups, widthPerGroup: (outChannels(middle) / middle.groups / width) * 64 };
};

/** The name of the named network that this is, if it is one. */
const nameOf = (spec: ResNetSpec): string | null => {
  const { input, classes, batchNorm, zeroPadding } = spec;
  const found = namedNetworks.find(({ name }) => {
    try {
      const named = namedSpec(name, { input, classes, batchNorm, zeroPadding });
      return JSON.stringify({ ...named, name: "" }) === JSON.stringify({ ...spec, name: "" });
    } catch (error) {
      if (error instanceof UsageError) return false; // too large a network for these images
      throw error;
    }
  });
  return found?.name ?? null;
};

/** Papers' sizes, for files that leave height and width open. */
const usualInput = (channels: number, hasPool: boolean): MapShape =>
  hasPool ? [channels, 224, 224] : [channels, 32, 32];

/**
 * The spec of a graph, assuming that it is a residual (or plain) network with basic or bottleneck blocks. A network without a
 * name of ours is called "imported". Throws FormatError, with the node, where it can't be one.
 */
export const specOfGraph = (graph: SourceGraph): ResNetSpec => {
  const { file, nodes } = graph;
  const [stem, dense] = [nodes.find(isKind("conv")), nodes.findLast(isKind("dense"))];
  if (!stem || !dense) throw new FormatError(file, "isn't a ResNet: it has no convolution or no dense layer");
  const [pool, ...otherPools] = nodes.filter(isKind("maxPool"));
  if (otherPools[0]) throw new FormatError(file, `node ${otherPools[0].name} is a second max pool; a ResNet has one`);
  const blocks = blocksOfGraph(graph, stem);
  const [first] = blocks;
  if (!first) throw new FormatError(file, "isn't a ResNet: it has no blocks");
  const kernels = first.branch.map(({ weight }) => weight.shape[2]).join(", ");
  const block = ({ "3, 3": "basic", "1, 3, 1": "bottleneck" } as const)[kernels];
  if (!block) {
    const where = first.branch[0]?.name ?? stem.name;
    throw new FormatError(file, `node ${where}: a block has kernels 3, 3 or 1, 3, 1, not ${kernels || "none"}`);
  }
  const [norm] = nodes.filter(isKind("batchNorm"));
  const strided = blocks.find(({ branch }) => strideOf(branch) > 1);
  const activated = isActivated(graph, stem);
  const input = graph.input ?? usualInput(inChannels(stem), pool !== undefined);
  const spec = parseSpec(
    {
      name: "imported",
      input,
      classes: dense.weight.shape[0],
      stem: {
        width: outChannels(stem),
        kernel: stem.weight.shape[2],
        stride: stem.stride,
        activated,
        pool: pool ? { kernel: pool.kernel, stride: pool.stride, padding: pool.padding } : null,
      },
      stages: stagesOf(blocks, expansionOf(block, first)),
      block,
      expansion: expansionOf(block, first),
      activation: activationOf(graph, activated),
      shortcut: shortcutOf(blocks),
      zeroPadding: blocks.some(({ zerosBefore }) => zerosBefore > 0) ? "around" : "after",
      strideAt: block === "basic" || (strided?.branch[0]?.stride ?? 1) > 1 ? "first" : "middle",
      ...groupsOf(block, first),
      ...(norm && { batchNorm: { epsilon: norm.epsilon, momentum: norm.momentum } }),
    },
    file,
  );
  const name = nameOf(spec);
  return name === null ? spec : { ...spec, name };
};
