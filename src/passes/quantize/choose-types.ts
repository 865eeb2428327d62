// Which values of a quantised network are bytes, and which of them never negative.
import type { ByteDType } from "../../base/dtype.ts";
import { type Graph, resultsOf } from "../../graph/graph.ts";
import type { Node, OpKind } from "../../graph/ops.ts";
import type { Value } from "../../graph/value.ts";
import { type ConvolutionChain, readersOf } from "./find-chains.ts";

/** Operations that make nothing negative. */
const nonNegative: ReadonlySet<OpKind> = new Set(["relu", "sigmoid"]);
/** Operations that make something negative of negative operands only. */
const keepsSign: ReadonlySet<OpKind> = new Set([
  "maxPool",
  "averagePool",
  "globalAveragePool",
  "flatten",
  "subsample",
  "padChannels",
  "extendMap",
]);

export interface ValueTypes {
  /** Whether a value is best kept as bytes: some convolution, or the addition behind one that gives bytes, reads it so. */
  wantsBytes(value: Value): boolean;
  /** The bytes for a value: unsigned ones, of twice the resolution, where it is never negative. */
  byteType(value: Value): ByteDType;
}

export const chooseTypes = (graph: Graph, chains: readonly ConvolutionChain[]): ValueTypes => {
  const readers = readersOf(graph);
  const makers = new Map<string, Node>();
  for (const node of graph.nodes) for (const [, { name }] of resultsOf(node)) makers.set(name, node);
  const chainOfAdd = new Map<Node, ConvolutionChain>();
  for (const chain of chains) {
    for (const link of chain.links) if (link.kind === "add") chainOfAdd.set(link, chain);
  }
  const known = new Map<string, boolean>();

  const isReadAsBytes = (value: Value, reader: Node): boolean => {
    if (reader.kind === "conv2d") return reader.operands.x.name === value.name;
    if (reader.kind === "maxPool") return wantsBytes(reader.results.y);
    const chain = chainOfAdd.get(reader);
    return chain?.shortcut?.name === value.name && wantsBytes(chain.y);
  };
  const wantsBytes = (value: Value): boolean => {
    const before = known.get(value.name);
    if (before !== undefined) return before;
    const found = (readers.get(value.name) ?? []).some((reader) => reader !== null && isReadAsBytes(value, reader));
    known.set(value.name, found);
    return found;
  };
  const isNonNegative = ({ name }: Value): boolean => {
    const maker = makers.get(name);
    if (maker === undefined) return false; // an input
    if (nonNegative.has(maker.kind)) return true;
    return keepsSign.has(maker.kind) && "x" in maker.operands && maker.operands.x !== undefined
      ? isNonNegative(maker.operands.x)
      : false;
  };
  return { wantsBytes, byteType: (value) => (isNonNegative(value) ? "u8" : "i8") };
};
