// The CPU engine in the test's own thread, so that a test can decide what is chosen. Nothing is checked as engine.ts does.
import type { Engine, State } from "../../src/engine/contract.ts";
import type { Choosing } from "../../src/engine/onednn/convolution-choices.ts";
import type { Dnnl } from "../../src/engine/onednn/dnnl.ts";
import { fusionRules } from "../../src/engine/onednn/lower/fused.ts";
import { NativeProgram } from "../../src/engine/onednn/program.ts";
import { NativeState } from "../../src/engine/onednn/state.ts";

export const inProcessEngine = (dnnl: Dnnl, convolution: "direct" | "auto", choices: Choosing): Engine => {
  const states = new Map<State, NativeState>();
  return {
    name: "onednn",
    fusions: fusionRules,
    bf16: dnnl.bf16,
    int8: dnnl.int8,
    threads: 1,
    createState: async (tensors) => {
      const native = new NativeState(dnnl, tensors);
      const state: State = {
        version: 0,
        read: async (names = [...tensors.keys()]) => native.read(names),
        write: async (next) => native.write(next),
        dispose: async () => native.free(),
      };
      states.set(state, native);
      return state;
    },
    compile: async (plan, state) => {
      const native = states.get(state);
      if (native === undefined) throw new Error("a state of another engine");
      const program = new NativeProgram(dnnl, plan, native, { convolution, choices });
      const { memory, implementations, outputs } = program;
      const run = async (inputs: Parameters<NativeProgram["run"]>[0], part?: Parameters<NativeProgram["run"]>[1]) => {
        program.run(inputs, part);
        return outputs;
      };
      return { run, memory, implementations, dispose: async () => program.free() };
    },
    dispose: async () => {},
  };
};
