// Formats of weights that describe a whole network as a graph, one row each. The others hold tensors by name and no more:
// checkpoint's openTensors reads them, its writers write them.
import type { GraphFormat } from "./graph-format.ts";
import { kerasFormat } from "./keras-format.ts";

export const graphFormats = [kerasFormat] as const satisfies readonly GraphFormat[];
export type GraphFormatName = (typeof graphFormats)[number]["name"];
