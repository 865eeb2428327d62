// Opens the CPU engine as its environment lets it, and says how it computes with bf16: run by bf16-support.test.ts.
import { checkNodes } from "../../src/engine/conformance/check-nodes.ts";
import { randomTensors } from "../../src/engine/conformance/random-tensors.ts";
import { createOneDnnEngine } from "../../src/engine/onednn/engine.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { padding } from "../../src/graph/geometry.ts";
import { toBf16 } from "../../src/passes/precision.ts";
import { oneDnnOptions } from "./onednn-options.ts";

const builder = new GraphBuilder();
const operands = {
  x: builder.input("x", "f32", [2, 16, 8, 8]),
  weight: builder.state("weight", "f32", [16, 16, 3, 3]),
};
builder.output(builder.add("conv2d", "conv", operands, { stride: [1, 1], padding: padding(1), groups: 1 }).y);
const graph = toBf16(builder.build());

const engine = await createOneDnnEngine({ ...oneDnnOptions, threads: 1 });
let answer = "";
try {
  const checks = await checkNodes(engine, graph, randomTensors(graph, 1));
  answer = checks.every(({ share }) => share <= 1) ? "right" : "wrong";
} catch (error) {
  answer = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
console.log(JSON.stringify({ bf16: engine.bf16, answer }));
await engine.dispose();
