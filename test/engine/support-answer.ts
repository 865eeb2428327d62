// What an engine makes of a graph: whether every node is computed right, or what it refuses with.
import { checkNodes } from "../../src/engine/conformance/check-nodes.ts";
import { randomTensors } from "../../src/engine/conformance/random-tensors.ts";
import type { Engine } from "../../src/engine/contract.ts";
import type { Graph } from "../../src/graph/graph.ts";

export const supportAnswer = async (engine: Engine, graph: Graph): Promise<string> => {
  try {
    const checks = await checkNodes(engine, graph, randomTensors(graph, 1));
    return checks.every(({ share }) => share <= 1) ? "right" : "wrong";
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
};
