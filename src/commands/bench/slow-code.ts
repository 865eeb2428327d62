// What a program runs by slow code, told in a sentence. For a dense layer, which is a matrix product, gemm is what it should be.
import type { NodeImplementation } from "../../engine/contract.ts";
import { slowCodeOf } from "../../engine/slow-code.ts";
import type { Node } from "../../graph/ops.ts";
import { profileOpOf } from "./profile-ops.ts";

const listed = 4;

/**
 * One sentence on the nodes that run by ref or gemm; null where there is none. `isSlow` is false when only dense layers do, by gemm:
 * there is nothing faster for them. `nodes` are those that were compiled.
 */
export const slowCodeNotice = (
  implementations: readonly NodeImplementation[],
  nodes: readonly Node[],
): { readonly message: string; readonly isSlow: boolean } | null => {
  const dense = new Set(nodes.filter((node) => profileOpOf(node) === "dense").map(({ name }) => name));
  const slow = new Set<string>();
  const expected = new Set<string>();
  for (const { node, implementation } of implementations) {
    const code = slowCodeOf(implementation);
    if (code !== null) (code === "gemm" && dense.has(node) ? expected : slow).add(`${node} (${code})`);
  }
  const found = [...slow, ...expected];
  if (found.length === 0) return null;
  const more = found.length > listed ? ` and ${found.length - listed} more` : "";
  const why = slow.size > 0 ? "the library has no faster code for them here" : "a dense layer is a matrix product";
  return { message: `by ref or gemm: ${found.slice(0, listed).join(", ")}${more}; ${why}`, isSlow: slow.size > 0 };
};
