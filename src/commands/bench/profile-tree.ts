// A profile as a tree of durations: the run, its passes, their stages, the stages' blocks, the blocks' nodes. What is not in any
// call is a branch of its own, so that the whole is the run as its caller sees it. Pure.
import type { ProfileReport } from "./profile.ts";
import type { ProfileRow } from "./profile-rows.ts";

export interface ProfileBranch {
  readonly name: string;
  readonly seconds: number;
  /** The row that a leaf is; null for what has parts, and for what no call computes. */
  readonly row: ProfileRow | null;
  readonly parts: readonly ProfileBranch[];
}

/** What the picture calls the time outside all calls. */
export const outsideCalls = "JavaScript and messages";

/** Branches in the order in which the run reaches them. */
export const profileTree = ({ nodes, runSeconds, callSeconds }: ProfileReport): ProfileBranch => {
  const stem = stemOf(nodes);
  const root: Growing = { name: "one run", row: null, parts: new Map() };
  for (const row of nodes) {
    const path = placeOf(row.node, stem);
    let branch = grow(root, row.pass);
    for (const name of path.slice(0, -1)) branch = grow(branch, name);
    branch.parts.set(row.node, { name: path.at(-1) ?? row.node, row, parts: new Map() });
  }
  const { name, parts } = settle(root);
  const outside = Math.max(0, runSeconds - callSeconds);
  return {
    name,
    seconds: callSeconds + outside,
    row: null,
    parts: [...parts, { name: outsideCalls, seconds: outside, row: null, parts: [] }],
  };
};

interface Growing {
  readonly name: string;
  readonly row: ProfileRow | null;
  readonly parts: Map<string, Growing>;
}

const grow = (branch: Growing, name: string): Growing => {
  const known = branch.parts.get(name);
  if (known !== undefined) return known;
  const added: Growing = { name, row: null, parts: new Map() };
  branch.parts.set(name, added);
  return added;
};

const settle = ({ name, row, parts: growing }: Growing): ProfileBranch => {
  const parts = [...growing.values()].map(settle);
  return { name, row, parts, seconds: row?.seconds ?? parts.reduce((sum, { seconds }) => sum + seconds, 0) };
};

/** `layer2.0.conv1` and its like: a stage, a block of it, and the rest of the path. */
const inBlock = /^(layer\d+)\.(\d+)\.(.*)$/;
const firstWord = (node: string): string => node.split(/[. +]/)[0] ?? node;

/** The first words of the nodes before the first stage: conv1, bn1, maxpool. The others without a stage are the head. */
const stemOf = (rows: readonly ProfileRow[]): ReadonlySet<string> => {
  const forward = rows.filter(({ pass }) => pass === "forward");
  const before = forward.findIndex(({ node }) => inBlock.test(node));
  return new Set(forward.slice(0, Math.max(0, before)).flatMap(({ node }) => node.split("+").map(firstWord)));
};

/** The names of the branches that lead to a node, its own last. */
const placeOf = (node: string, stem: ReadonlySet<string>): readonly string[] => {
  const [, stage, block, rest] = inBlock.exec(node) ?? [];
  if (stage !== undefined && block !== undefined && rest !== undefined) {
    return [stage, block, rest.replaceAll(`${stage}.${block}.`, "")];
  }
  return [stem.has(firstWord(node)) ? "stem" : "head", node];
};
