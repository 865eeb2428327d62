// Opens the CPU engine as its environment lets it, and says how it computes with bf16: run by bf16-support.test.ts.
import { createOneDnnEngine } from "../../src/engine/onednn/engine.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { padding } from "../../src/graph/geometry.ts";
import { toBf16 } from "../../src/passes/precision.ts";
import { oneDnnOptions } from "./onednn-options.ts";
import { supportAnswer } from "./support-answer.ts";

const builder = new GraphBuilder();
const operands = {
  x: builder.input("x", "f32", [2, 16, 8, 8]),
  weight: builder.state("weight", "f32", [16, 16, 3, 3]),
};
builder.output(builder.add("conv2d", "conv", operands, { stride: [1, 1], padding: padding(1), groups: 1 }).y);
const graph = toBf16(builder.build());

const engine = await createOneDnnEngine({ ...oneDnnOptions, threads: 1 });
console.log(JSON.stringify({ bf16: engine.bf16, answer: await supportAnswer(engine, graph) }));
await engine.dispose();
