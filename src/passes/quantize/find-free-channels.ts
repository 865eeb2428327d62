// Values whose channels may be scaled each by itself without changing what the network answers: what made them is scaled, and what reads
// them is scaled back (Nagel et al. 2019, Data-Free Quantization, 4.1). Between two convolutions there may be a relu and a maximum pool, which scale along.
import type { Graph } from "../../graph/graph.ts";
import type { NodeOf } from "../../graph/ops.ts";
import type { Value } from "../../graph/value.ts";
import { type ConvolutionChain, findChains, readersOf } from "./find-chains.ts";

export interface FreeChannels {
  /** Gives the value; with a bias and a relu, without a residual addition. */
  readonly maker: ConvolutionChain;
  /** Convolutions without groups, which alone read it. */
  readonly readers: readonly NodeOf<"conv2d">[];
  /** What the readers see: the maker's result, or the maximum pool's behind it. */
  readonly seen: Value;
  readonly channels: number;
}

/** In the graph's order. */
export const findFreeChannels = (graph: Graph): readonly FreeChannels[] => {
  const readers = readersOf(graph);
  const chains = findChains(graph);
  const known = new Set(chains.map(({ conv }) => conv));
  const readersBehind = (value: Value): Pick<FreeChannels, "readers" | "seen"> | null => {
    const list = readers.get(value.name) ?? [];
    const [first] = list;
    if (list.length === 1 && first?.kind === "maxPool" && !readers.has(first.results.argmax.name)) {
      return readersBehind(first.results.y);
    }
    const found = list.flatMap((reader) => {
      if (reader?.kind !== "conv2d" || reader.params.groups > 1 || reader.operands.x.name !== value.name) return [];
      return known.has(reader) ? [reader] : [];
    });
    return found.length > 0 && found.length === list.length ? { readers: found, seen: value } : null;
  };
  return chains.flatMap((maker) => {
    if (!maker.relu || maker.bias === null || maker.shortcut !== null) return [];
    const behind = readersBehind(maker.y);
    return behind ? [{ maker, ...behind, channels: maker.conv.operands.weight.shape[0] }] : [];
  });
};
