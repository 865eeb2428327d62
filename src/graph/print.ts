// A graph as text, one node a line: for people, for golden tests, for error messages.
import { type Graph, operandsOf, resultsOf } from "./graph.ts";
import type { Node } from "./ops.ts";
import { formatValue } from "./value.ts";

/** Lists of more numbers than this are not shown: factors of filters. */
const shownNumbers = 8;
const formatParam = (value: unknown): string =>
  Array.isArray(value) && value.length > shownNumbers ? `[${value.length} numbers]` : JSON.stringify(value);

const formatParams = (params: object): string => {
  const entries = Object.entries(params).filter(([key]) => key !== "body");
  return entries.length === 0 ? "" : ` ${entries.map(([key, value]) => `${key}=${formatParam(value)}`).join(" ")}`;
};

/** `layer1.0.conv1 f32[8, 16, 32, 32] = conv2d(x: conv1, weight: layer1.0.conv1.weight) stride=[1,1] …` */
export const printNode = (node: Node): string => {
  const results = resultsOf(node).map(([, value]) => formatValue(value));
  const operands = operandsOf(node).map(([operand, value]) => `${operand}: ${value.name}`);
  return `${results.join(", ")} = ${node.kind}(${operands.join(", ")})${formatParams(node.params)}`;
};

/** The whole graph: inputs, states, nodes by part, updates, outputs. */
export const printGraph = (graph: Graph): string => {
  const lines = [
    ...graph.inputs.map((value) => `input ${formatValue(value)}`),
    ...graph.states.map((value) => `state ${formatValue(value)}`),
  ];
  let part = "";
  for (const node of graph.nodes) {
    if (node.part !== part) lines.push(`${node.part}:`);
    part = node.part;
    lines.push(`  ${printNode(node)}`);
    if (node.kind === "fused") lines.push(...node.params.body.map((inner) => `    | ${printNode(inner)}`));
  }
  lines.push(...graph.updates.map(({ state, value }) => `update ${state.name} <- ${value.name}`));
  lines.push(...graph.outputs.map((value) => `output ${formatValue(value)}`));
  return `${lines.join("\n")}\n`;
};
