// A program, in the thread that drives the library: memory laid out, primitives and argument lists built once. Running it is
// a loop over prebuilt calls; nothing is allocated.
import { dtypeBytes } from "../../base/dtype.ts";
import { invariant, NativeError, UnsupportedError } from "../../base/errors.ts";
import { type HostTensor, sharedZeros } from "../../base/tensor.ts";
import type { RunPart } from "../../graph/ops.ts";
import type { Value } from "../../graph/value.ts";
import { type MemoryPlan, planMemory } from "../../plan/memory.ts";
import type { Plan } from "../../plan/plan.ts";
import type { NodeImplementation, ProgramInputs } from "../contract.ts";
import type { Dnnl, Memory, NativeBlock } from "./dnnl.ts";
import { liveStorages } from "./live-storages.ts";
import { beginStrips, endStrips } from "./lower/strips.ts";
import { lowerNode } from "./lower/table.ts";
import { finishUpdates } from "./lower/update.ts";
import { Lowering, type LoweringOptions } from "./lowering.ts";
import { type Call, type Phase, type Physical, phases, type ScriptArray, type Storage } from "./physical.ts";
import type { NativeState } from "./state.ts";

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

/** Where an input's address has to be put before a run. */
interface InputBinding {
  readonly memories: Memory[];
  address: bigint;
  readonly slots: { readonly arrays: ScriptArray[]; readonly index: number }[];
}

/** Memory of which each strip has a part of its own. */
interface MovingMemory {
  readonly memory: Memory;
  readonly storage: Storage;
  readonly stripBytes: bigint;
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
  readonly #arena: NativeBlock;
  readonly #lowering: Lowering;
  readonly #offsets = new Map<Storage, number>();
  readonly #memories = new Map<Physical, Memory>();
  readonly #inputs = new Map<string, InputBinding>();
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
  /** Inputs of the run under way: the library holds their addresses, so they must stay referenced. */
  #held: ProgramInputs = {};
  #preparedVersion = -1;
  /** Seconds of the calls of the run under way, while it is profiled. */
  #profiled: Profile | null = null;

  constructor(dnnl: Dnnl, plan: Plan, state: NativeState, options: LoweringOptions) {
    this.#dnnl = dnnl;
    this.#state = state;
    this.#lowering = new Lowering(dnnl, plan, options);
    const outputs = this.#lower(plan);
    const calls = phases.flatMap((phase) => this.#lowering.calls.filter((call) => call.phase === phase));
    const storages = liveStorages(calls, [...outputs.values()]);
    this.memory = planMemory(storages.map(({ interval }) => interval));
    const offsets = new Map(this.memory.placements.map(({ name, offset }) => [name, offset]));
    for (const { storage, interval } of storages) this.#offsets.set(storage, offsets.get(interval.name) ?? 0);
    this.#arena = dnnl.allocate(this.memory.arenaBytes);
    for (const call of calls) this.#steps[call.phase].push(this.#build(call));
    this.#strips = {
      count: plan.strips?.count ?? 1,
      calls: calls.filter(({ inStrips }) => inStrips).length,
      moving: [...this.#memories].flatMap(([{ storage, stripBytes }, memory]) =>
        stripBytes === undefined ? [] : [{ memory, storage, stripBytes: BigInt(stripBytes) }],
      ),
    };
    this.implementations = calls.map(describeCall);
    this.outputs = Object.fromEntries(
      plan.graph.outputs.map(({ name, dtype, shape }) => [name, sharedZeros(dtype, shape)]),
    );
    this.#copies = [...outputs].flatMap(([name, physical]) => {
      const to = this.outputs[name];
      return to ? [{ from: this.#array(physical), to }] : [];
    });
    this.#run(this.#steps.initialise);
  }

  /** Runs one part, or `step` and `update`. Throws NativeError, naming node and primitive, when a call fails. */
  run(inputs: ProgramInputs, part?: RunPart): void {
    this.#bind(inputs);
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
    for (const memory of this.#memories.values()) memory.destroy();
    for (const primitive of this.#lowering.primitives) primitive.destroy();
    this.#arena.free();
  }

  /** Emits all calls; returns where the outputs lie, row-major. */
  #lower(plan: Plan): ReadonlyMap<string, Physical> {
    const wanted = new Map(plan.graph.outputs.map((value) => [value.name, value]));
    const outputs = new Map<string, Physical>();
    const take = (value: Value): void => {
      if (wanted.has(value.name)) outputs.set(value.name, this.#lowering.read(value));
    };
    const { strips } = plan;
    const firstStep = plan.order.findIndex(({ part }) => part === "step");
    plan.order.forEach((node, index) => {
      this.#lowering.enter({ name: node.name, part: node.part, index });
      const inStrips = strips?.nodes[index - firstStep];
      if (strips && index === firstStep) beginStrips(this.#lowering, strips);
      lowerNode(this.#lowering, inStrips ?? node);
      if (strips && inStrips && index - firstStep === strips.nodes.length - 1) endStrips(this.#lowering, strips);
      for (const value of Object.values<Value>(node.results)) take(value);
    });
    finishUpdates(this.#lowering, plan);
    const never = plan.graph.outputs.find(({ name }) => !outputs.has(name));
    if (never) throw new UnsupportedError("onednn", never.name, "an input or a state can't be an output");
    return outputs;
  }

  #build(call: Call): Step {
    if (call.kind === "script") {
      const arrays = call.tensors.map((physical) => this.#array(physical));
      call.tensors.forEach(({ storage: { place } }, index) => {
        if (place.kind === "input") this.#bindingOf(place.input).slots.push({ arrays, index });
      });
      return { kind: "script", arrays, run: call.run };
    }
    const list = call.arguments.map(([argument, physical]) => [argument, this.#memory(physical)] as const);
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
        memory.setAddress(this.#address(storage) + BigInt(strip) * stripBytes);
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

  #bind(inputs: ProgramInputs): void {
    this.#held = { ...this.#held, ...inputs };
    for (const [name, { data }] of Object.entries(inputs)) {
      const binding = this.#inputs.get(name);
      if (binding === undefined) continue; // an input that this plan doesn't read
      if (binding.memories.length > 0) {
        const address = this.#dnnl.addressOf(data);
        binding.address = address;
        for (const memory of binding.memories) memory.setAddress(address);
      }
      if (!(data instanceof Float64Array)) for (const { arrays, index } of binding.slots) arrays[index] = data;
    }
  }

  #bindingOf(input: string): InputBinding {
    const known = this.#inputs.get(input);
    if (known) return known;
    const binding: InputBinding = { memories: [], slots: [], address: 0n };
    this.#inputs.set(input, binding);
    return binding;
  }

  #memory(physical: Physical): Memory {
    const known = this.#memories.get(physical);
    if (known) return known;
    const { place } = physical.storage;
    const memory = this.#dnnl.memory(physical.descriptor, this.#address(physical.storage));
    if (place.kind === "input") this.#bindingOf(place.input).memories.push(memory);
    this.#memories.set(physical, memory);
    return memory;
  }

  #address(storage: Storage): bigint {
    const { place } = storage;
    if (place.kind === "input") return this.#bindingOf(place.input).address; // given at every run
    if (place.kind === "state") return this.#state.addressOf(place.state);
    return this.#arena.address + BigInt(this.#offset(storage));
  }

  /** The whole memory of a tensor, as numbers. */
  #array({ storage, dtype }: Physical): ScriptArray {
    invariant(dtype !== "f64", "the engine has no f64");
    const { place } = storage;
    if (place.kind === "input") return new Float32Array(0); // given at every run
    if (place.kind === "state") {
      const array = this.#state.arrayOf(place.state);
      invariant(!(array instanceof Float64Array), "the engine has no f64");
      return array;
    }
    if (dtype === "bf16") return this.#arena.bits16(this.#offset(storage), storage.bytes / dtypeBytes.bf16);
    return this.#arena.array(dtype, this.#offset(storage), storage.bytes / dtypeBytes[dtype]);
  }

  #offset(storage: Storage): number {
    const offset = this.#offsets.get(storage);
    invariant(offset !== undefined, `${storage.name} has no place in the arena`);
    return offset;
  }
}

const describeCall = (call: Call): NodeImplementation => ({
  node: call.node,
  implementation: call.kind === "script" ? call.implementation : call.primitive.implementation,
});
