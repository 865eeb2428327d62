// From the seconds of a program's calls to a profile: what each node costs, what it reaches, and the totals of each operation. Pure.
import type { NodeImplementation } from "../../engine/contract.ts";
import { slowCodeOf } from "../../engine/slow-code.ts";
import { bytesOf, flopsOf } from "../../graph/cost-rules.ts";
import type { Node } from "../../graph/ops.ts";
import { type ProfileOp, profileOpOf } from "./profile-ops.ts";

/** `prepare`: what follows from weights alone, and is computed when they have changed. */
export const profilePasses = ["prepare", "forward", "backward", "update"] as const;
export type ProfilePass = (typeof profilePasses)[number];

export interface ProfileRow {
  /** The node's path; a reorder is named after the node that it serves, and what it brings there. */
  readonly node: string;
  readonly op: ProfileOp;
  readonly pass: ProfilePass;
  /** The library's name for the code; several calls' names are joined by " + ". */
  readonly implementation: string;
  /** Whether that is reference code or a copy into a large matrix product; null for fast code. */
  readonly slow: "ref" | "gemm" | null;
  /** Of one run: the median. */
  readonly seconds: number;
  /** Of all calls' time. */
  readonly fraction: number;
  readonly flops: number;
  readonly gflops: number;
  /** gflops ÷ the roof; null where there is no roof, or nothing is computed. */
  readonly roofFraction: number | null;
  /** Operands and results once each, in GB/s: the least that has to move. Null for calls that are no node. */
  readonly gigabytesPerSecond: number | null;
}

/** The nodes of one operation in one pass. */
export interface ProfileTotal
  extends Pick<ProfileRow, "op" | "pass" | "seconds" | "fraction" | "gflops" | "roofFraction"> {
  readonly nodes: number;
}

export interface ProfiledCalls {
  readonly implementations: readonly NodeImplementation[];
  /** Of each call; 0 for one that did not run. */
  readonly seconds: readonly number[];
  /** In the order in which they run. */
  readonly nodes: readonly Node[];
  readonly roofGflops: number | null;
}

/** Rows in the order in which they run; calls that took no time, those of other parts, are left out. */
export const profileRows = ({ implementations, seconds, nodes, roofGflops }: ProfiledCalls): readonly ProfileRow[] => {
  const known = new Map(nodes.map((node, index) => [node.name, { node, index }]));
  const loss = nodes.findIndex(({ kind }) => kind.endsWith("CrossEntropy"));
  const calls = new Map<string, { seconds: number; implementations: Set<string> }>();
  implementations.forEach(({ node, implementation }, call) => {
    const time = seconds[call] ?? 0;
    if (time === 0) return;
    const row = calls.get(node) ?? { seconds: 0, implementations: new Set() };
    row.seconds += time;
    row.implementations.add(implementation);
    calls.set(node, row);
  });
  const total = sumOf([...calls.values()]);
  const passOf = (name: string): ProfilePass => {
    const found = known.get(servedBy(name));
    if (found === undefined) return name.endsWith(" (update)") ? "update" : "prepare";
    const part: string = found.node.part;
    if (part !== "step") return part === "prepare" ? part : "update";
    return loss >= 0 && found.index > loss ? "backward" : "forward";
  };
  return [...calls].map(([name, call]) => {
    const node = known.get(name)?.node;
    const flops = node === undefined ? 0 : flopsOf(node);
    const names = [...call.implementations];
    return {
      node: name,
      op:
        node === undefined
          ? known.has(servedBy(name)) || name.endsWith(" (update)")
            ? "reorder"
            : "fill"
          : profileOpOf(node),
      pass: passOf(name),
      implementation: names.join(" + "),
      slow: names.map(slowCodeOf).find((code) => code !== null) ?? null,
      seconds: call.seconds,
      fraction: call.seconds / total,
      flops,
      ...rateOf(flops, call.seconds, roofGflops),
      gigabytesPerSecond: node === undefined ? null : bytesOf(node) / call.seconds / 1e9,
    };
  });
};

/** Most expensive first. */
export const profileTotals = (rows: readonly ProfileRow[], roofGflops: number | null): readonly ProfileTotal[] => {
  const names = new Set(rows.map(groupOf));
  return [...names]
    .flatMap((name) => {
      const members = rows.filter((row) => groupOf(row) === name);
      const [first] = members;
      if (first === undefined) return [];
      const seconds = sumOf(members);
      const flops = members.reduce((sum, row) => sum + row.flops, 0);
      return {
        op: first.op,
        pass: first.pass,
        nodes: members.length,
        seconds,
        fraction: members.reduce((sum, row) => sum + row.fraction, 0),
        ...rateOf(flops, seconds, roofGflops),
      };
    })
    .sort((a, b) => b.seconds - a.seconds);
};

const groupOf = ({ op, pass }: ProfileRow): string => `${op} ${pass}`;
const sumOf = (rows: readonly { readonly seconds: number }[]): number =>
  rows.reduce((sum, { seconds }) => sum + seconds, 0);

/** `layer1.0.conv2` of `layer1.0.conv2 (reorder of layer1.0.conv2.weight)`. */
const servedBy = (name: string): string => name.replace(/ \(reorder of .*\)$/, "");

const rateOf = (
  flops: number,
  seconds: number,
  roofGflops: number | null,
): Pick<ProfileRow, "gflops" | "roofFraction"> => {
  const gflops = flops / seconds / 1e9;
  return { gflops, roofFraction: roofGflops === null || flops === 0 ? null : gflops / roofGflops };
};
