// A program, in the thread that drives the library: memory laid out, primitives and argument lists built once. Running it is
// a loop over prebuilt calls; nothing is allocated.
import { invariant, NativeError } from "../../base/errors.ts";
import { type HostTensor, sharedZeros } from "../../base/tensor.ts";
import type { RunPart } from "../../graph/ops.ts";
import type { MemoryPlan } from "../../plan/memory.ts";
import type { Plan } from "../../plan/plan.ts";
import type { NodeImplementation, ProgramInputs } from "../contract.ts";
import type { Dnnl } from "./dnnl.ts";
import { lowerPlan } from "./lower-plan.ts";
import { Lowering } from "./lowering.ts";
import type { LoweringOptions } from "./lowering-options.ts";
import { type Call, type Phase, phases, type ScriptArray } from "./physical.ts";
import { type MovingMemory, ProgramMemory } from "./program-memory.ts";
import type { NativeState } from "./state.ts";
import { stateLayouts } from "./state-layouts.ts";

/** One call, ready to run. */
type Step =
  | {
      readonly kind: "primitive";
      readonly handle: object;
      readonly count: number;
      readonly args: object;
      readonly call: Call;
    }
  | { readonly kind: "script"; readonly arrays: ScriptArray[]; readonly run: (arrays: readonly ScriptArray[]) => void };

interface Profile {
  readonly seconds: Float64Array;
  /** Milliseconds. */
  readonly now: () => number;
}

export interface ProgramDescription {
  readonly memory: MemoryPlan;
  readonly implementations: readonly NodeImplementation[];
  /** In shared memory, filled after each run. */
  readonly outputs: Readonly<Record<string, HostTensor>>;
}

export class NativeProgram implements ProgramDescription {
  readonly memory: MemoryPlan;
  readonly implementations: readonly NodeImplementation[];
  readonly outputs: Readonly<Record<string, HostTensor>>;
  readonly #dnnl: Dnnl;
  readonly #state: NativeState;
  /** What has to be freed, in the order in which it was made. */
  readonly #owned: { free(): void }[] = [];
  readonly #memory: ProgramMemory;
  readonly #steps: { readonly [P in Phase]: Step[] } = {
    initialise: [],
    prepare: [],
    step: [],
    update: [],
    measure: [],
  };
  readonly #copies: readonly { readonly from: ScriptArray; readonly to: HostTensor }[];
  /** How often the first calls of `step` are run, how many they are, and what moves on from one time to the next. */
  readonly #strips: { readonly count: number; readonly calls: number; readonly moving: readonly MovingMemory[] };
  #preparedVersion = -1;
  /** Seconds of the calls of the run under way, while it is profiled. */
  #profiled: Profile | null = null;

  /**
   * Throws UnsupportedError for what the engine can't do, and NativeError when the library fails; what was made by then is freed.
   */
  constructor(dnnl: Dnnl, plan: Plan, state: NativeState, options: LoweringOptions) {
    this.#dnnl = dnnl;
    this.#state = state;
    try {
      const lowering = this.#own(new Lowering(dnnl, plan, options));
      state.arrange(stateLayouts(lowering, plan));
      this.#own({ free: () => void state.programs-- });
      state.programs++;
      lowering.takeStates((name) => state.layoutOf(name));
      const outputs = lowerPlan(lowering, plan);
      const calls = phases.flatMap((phase) => lowering.calls.filter((call) => call.phase === phase));
      this.#memory = this.#own(new ProgramMemory(dnnl, state, calls, [...outputs.values()]));
      this.memory = this.#memory.plan;
      for (const call of calls) this.#steps[call.phase].push(this.#build(call));
      this.#strips = {
        count: plan.strips?.count ?? 1,
        calls: calls.filter(({ inStrips }) => inStrips).length,
        moving: this.#memory.moving,
      };
      this.implementations = calls.map(describeCall);
      this.outputs = Object.fromEntries(
        plan.graph.outputs.map(({ name, dtype, shape }) => [name, sharedZeros(dtype, shape)]),
      );
      this.#copies = [...outputs].flatMap(([name, physical]) => {
        const to = this.outputs[name];
        return to ? [{ from: this.#memory.array(physical), to }] : [];
      });
      this.#run(this.#steps.initialise);
    } catch (error) {
      this.free();
      throw error;
    }
  }

  /** Runs one part, or `step` and `update`. Throws NativeError, naming node and primitive, when a call fails. */
  run(inputs: ProgramInputs, part?: RunPart): void {
    this.#memory.bind(inputs);
    // Later parts go on with what their step was given, except before there was one.
    const begins = part === undefined || part === "step" || this.#preparedVersion === -1;
    if (begins && this.#state.version !== this.#preparedVersion) {
      this.#run(this.#steps.prepare);
      this.#preparedVersion = this.#state.version;
    }
    for (const each of part === undefined ? (["step", "update"] as const) : [part]) {
      this.#run(this.#steps[each]);
      if (each === "update" && this.#steps.update.length > 0) this.#state.version++;
    }
    for (const { from, to } of this.#copies) to.data.set(from);
  }

  /** As `run`; the seconds of each call, in the order of the implementations. Two looks at the clock a call: some 0.1 µs. */
  profile(inputs: ProgramInputs, part: RunPart | undefined, now: () => number): Float64Array {
    const seconds = new Float64Array(this.implementations.length);
    this.#profiled = { seconds, now };
    try {
      this.run(inputs, part);
      return seconds;
    } finally {
      this.#profiled = null;
    }
  }

  free(): void {
    for (const each of this.#owned.toReversed()) each.free();
  }

  #own<T extends { free(): void }>(part: T): T {
    this.#owned.push(part);
    return part;
  }

  #build(call: Call): Step {
    if (call.kind === "script") return { kind: "script", arrays: this.#memory.arrays(call), run: call.run };
    const list = call.arguments.map(([argument, physical]) => [argument, this.#memory.memory(physical)] as const);
    const args = this.#dnnl.arguments(list);
    return { kind: "primitive", handle: call.primitive.create(), count: list.length, args, call };
  }

  #run(steps: readonly Step[]): void {
    const { count, calls, moving } = this.#strips;
    if (steps !== this.#steps.step || calls === 0) {
      this.#runSteps(steps, 0, steps.length);
      return;
    }
    for (let strip = 0; strip < count; strip++) {
      for (const { memory, storage, stripBytes } of moving) {
        memory.setAddress(this.#memory.address(storage) + BigInt(strip) * stripBytes);
      }
      this.#runSteps(steps, 0, calls);
    }
    this.#runSteps(steps, calls, steps.length);
  }

  #runSteps(steps: readonly Step[], from: number, to: number): void {
    if (this.#profiled !== null) this.#runProfiled(steps, from, to, this.#profiled);
    else for (let i = from; i < to; i++) this.#runStep(steps[i]!);
  }

  #runStep(step: Step): void {
    if (step.kind === "script") step.run(step.arrays);
    else {
      const status = this.#dnnl.execute(step.handle, step.count, step.args);
      if (status !== 0) throw this.#failure(status, step.call);
    }
  }

  #runProfiled(steps: readonly Step[], from: number, to: number, { seconds, now }: Profile): void {
    let index = 0; // of the part's first call among all
    for (const phase of phases) {
      if (this.#steps[phase] === steps) break;
      index += this.#steps[phase].length;
    }
    for (let i = from; i < to; i++) {
      const start = now();
      this.#runStep(steps[i]!);
      seconds[index + i]! += (now() - start) / 1000; // of all strips
    }
  }

  #failure(status: number, call: Call): NativeError {
    invariant(call.kind === "primitive", "only primitives fail with a status");
    const tensors = call.arguments.map(([argument, { shape }]) => {
      const name = typeof argument === "string" ? argument : `source ${argument.source}`;
      return `${name} [${shape.join(", ")}]`;
    });
    const context = `${call.node} (${call.primitive.implementation}; ${tensors.join(", ")})`;
    return new NativeError("oneDNN", "dnnl_primitive_execute", this.#dnnl.statusName(status), context);
  }
}

const describeCall = (call: Call): NodeImplementation => ({
  node: call.node,
  implementation: call.kind === "script" ? call.implementation : call.primitive.implementation,
});
