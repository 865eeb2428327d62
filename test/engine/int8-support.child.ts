// Opens the CPU engine as its environment lets it, and says how it computes with bytes: run by int8-support.test.ts.
import { createOneDnnEngine } from "../../src/engine/onednn/engine.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { padding } from "../../src/graph/geometry.ts";
import { oneDnnOptions } from "./onednn-options.ts";
import { supportAnswer } from "./support-answer.ts";

const filters = 16;
const builder = new GraphBuilder();
const images = builder.input("images", "f32", [2, 16, 8, 8]);
const x = builder.add("quantize", "levels", { x: images }, { dtype: "u8", scale: 2 ** -5 }).y;
const operands = {
  x: { ...x, shape: images.shape },
  weight: builder.state("weight", "i8", [filters, 16, 3, 3]),
  bias: builder.state("bias", "f32", [filters]),
};
const factors = new Array<number>(filters).fill(2 ** -8);
const geometry = { stride: [1, 1], padding: padding(1), groups: 1 } as const;
const params = { ...geometry, factors, relu: true, shortcutFactor: 1, result: "f32" } as const;
builder.output(builder.add("quantizedConv2d", "conv", operands, params).y);
const graph = builder.build();

const engine = await createOneDnnEngine({ ...oneDnnOptions, threads: 1 });
console.log(JSON.stringify({ int8: engine.int8, answer: await supportAnswer(engine, graph) }));
await engine.dispose();
