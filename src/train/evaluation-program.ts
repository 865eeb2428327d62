// The network as evaluation and prediction run it: with running statistics, images in, logits out, for whatever sizes are asked.
import type { Precision } from "../base/dtype.ts";
import { invariant } from "../base/errors.ts";
import type { ImageShape } from "../base/shape.ts";
import type { HostTensor } from "../base/tensor.ts";
import type { Engine, Program, State } from "../engine/contract.ts";
import type { LogitsFor } from "../evaluate/evaluate.ts";
import type { Logits } from "../evaluate/logits.ts";
import { buildGraph } from "../model/forward.ts";
import { fuse } from "../passes/fuse.ts";
import { withPrecision } from "../passes/precision.ts";
import { makePlan } from "../plan/plan.ts";
import type { ResNetSpec } from "../spec/spec.ts";

export interface EvaluationPrograms {
  readonly logitsFor: LogitsFor;
  dispose(): Promise<void>;
}

const isLogits = (output: HostTensor): output is Logits => output.dtype !== "i32";

/**
 * Programs over a state that holds at least the network's parameters and running statistics; it may be one that trains. Activations
 * are f32 or bf16; images and logits f32 in any case.
 */
export const evaluationPrograms = (
  engine: Engine,
  spec: ResNetSpec,
  state: State,
  precision: Precision = "f32",
): EvaluationPrograms => {
  const programs = new Map<string, Promise<Program>>();
  const compile = ([batch, ...input]: ImageShape): Promise<Program> => {
    const graph = withPrecision(buildGraph({ ...spec, input }, { mode: "evaluation", batch }), precision);
    return engine.compile(makePlan(fuse(graph, engine.fusions)), state);
  };
  return {
    logitsFor: async (shape) => {
      const key = shape.join("×");
      const compiled = programs.get(key) ?? compile(shape);
      programs.set(key, compiled);
      const program = await compiled;
      return async (images) => {
        const { fc } = await program.run({ images }, "step");
        invariant(fc !== undefined && isLogits(fc), "an evaluation program gives logits");
        return fc;
      };
    },
    dispose: async () => {
      const all = [...programs.values()];
      programs.clear();
      for (const compiled of all) await (await compiled).dispose();
    },
  };
};
