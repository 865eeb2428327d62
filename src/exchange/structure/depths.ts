// How deep in a network each node lies. Of the two ways into an addition the residual branch is the deeper one, always: it has two
// convolutions or more, a shortcut at most one. So additions that others wrote a + b or b + a are read alike.

/** The most nodes on a way from the input, by name. `nodes` are in an order in which they can run. Linear. */
export const depthsOf = (
  nodes: readonly { readonly name: string; readonly inputs: readonly string[] }[],
): ReadonlyMap<string, number> => {
  const depths = new Map<string, number>();
  for (const { name, inputs } of nodes) {
    depths.set(name, 1 + inputs.reduce((deepest, input) => Math.max(deepest, depths.get(input) ?? 0), 0));
  }
  return depths;
};

/** The deeper of an addition's operands, then the other. */
export const deeperFirst = (inputs: readonly string[], depths: ReadonlyMap<string, number>): readonly string[] =>
  inputs.toSorted((a, b) => (depths.get(b) ?? 0) - (depths.get(a) ?? 0));
