// The reference engine: plain TypeScript, the definition of every operation, in f64, f32 and bf16. An oracle, not a product.
// It is asynchronous as every engine is, though it computes on the calling thread.
import { UsageError } from "../../base/errors.ts";
import type { NamedTensors } from "../../base/tensor.ts";
import type { FusionRule } from "../../graph/fusion-rule.ts";
import { verifyGraph } from "../../graph/verify.ts";
import type { Plan } from "../../plan/plan.ts";
import { checkStates } from "../checks.ts";
import type { Engine, Program, State } from "../contract.ts";
import { ReferenceProgram } from "./program.ts";
import { Queue } from "./queue.ts";
import { ReferenceState } from "./state.ts";

class ReferenceEngine implements Engine {
  readonly name = "reference";
  /** It asks for none, and runs any fused node by its body: so it can check the fusions of others. */
  readonly fusions: readonly FusionRule[] = [];
  readonly bf16 = "fast";
  readonly threads = 1;
  readonly int8 = true;
  readonly #queue = new Queue();

  async createState(tensors: NamedTensors): Promise<State> {
    this.#queue.check();
    return new ReferenceState(this.#queue, tensors);
  }

  async compile(plan: Plan, state: State): Promise<Program> {
    this.#queue.check();
    if (!(state instanceof ReferenceState) || state.queue !== this.#queue) {
      throw new UsageError("the state was made by another engine: a program runs over a state of its own engine");
    }
    state.check();
    verifyGraph(plan.graph);
    checkStates(plan, state.kept);
    return new ReferenceProgram(plan, state);
  }

  async dispose(): Promise<void> {
    await this.#queue.close();
  }
}

/** An engine that needs nothing, holds nothing but what it is given, and takes its time. */
export const createReferenceEngine = async (): Promise<Engine> => new ReferenceEngine();
