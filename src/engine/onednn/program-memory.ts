// A program's memory, in the thread that drives the library: the arena laid out, and the addresses, memory objects and arrays of what
// lies in it, in the state or in an input.
import { dtypeBytes } from "../../base/dtype.ts";
import { invariant } from "../../base/errors.ts";
import { type MemoryPlan, planMemory } from "../../plan/memory.ts";
import type { ProgramInputs } from "../contract.ts";
import type { Dnnl, Memory, NativeBlock } from "./dnnl.ts";
import { liveStorages } from "./live-storages.ts";
import type { Call, Physical, ScriptArray, ScriptCall, Storage } from "./physical.ts";
import type { NativeState } from "./state.ts";

/** Where an input's address has to be put before a run. */
interface InputBinding {
  readonly memories: Memory[];
  address: bigint;
  readonly slots: { readonly arrays: ScriptArray[]; readonly index: number }[];
}

/** Memory of which each strip has a part of its own. */
export interface MovingMemory {
  readonly memory: Memory;
  readonly storage: Storage;
  readonly stripBytes: bigint;
}

export class ProgramMemory {
  readonly plan: MemoryPlan;
  readonly #dnnl: Dnnl;
  readonly #state: NativeState;
  readonly #arena: NativeBlock;
  readonly #offsets = new Map<Storage, number>();
  readonly #memories = new Map<Physical, Memory>();
  readonly #inputs = new Map<string, InputBinding>();
  /** Inputs of the run under way: the library holds their addresses, so they must stay referenced. */
  #held: ProgramInputs = {};

  /** Plans and allocates the arena of calls in the order in which they run; `outputs` are needed to the end. */
  constructor(dnnl: Dnnl, state: NativeState, calls: readonly Call[], outputs: readonly Physical[]) {
    this.#dnnl = dnnl;
    this.#state = state;
    const storages = liveStorages(calls, outputs);
    this.plan = planMemory(storages.map(({ interval }) => interval));
    const offsets = new Map(this.plan.placements.map(({ name, offset }) => [name, offset]));
    for (const { storage, interval } of storages) this.#offsets.set(storage, offsets.get(interval.name) ?? 0);
    this.#arena = dnnl.allocate(this.plan.arenaBytes);
  }

  /** Puts the addresses of inputs where calls read them; those that are left out keep their last one. */
  bind(inputs: ProgramInputs): void {
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

  /** The memory object of a tensor, made for the first who asks. */
  memory(physical: Physical): Memory {
    const known = this.#memories.get(physical);
    if (known) return known;
    const { place } = physical.storage;
    const memory = this.#dnnl.memory(physical.descriptor, this.address(physical.storage));
    if (place.kind === "input") this.#bindingOf(place.input).memories.push(memory);
    this.#memories.set(physical, memory);
    return memory;
  }

  /** The memory objects made so far that move on from strip to strip. */
  get moving(): readonly MovingMemory[] {
    return [...this.#memories].flatMap(([{ storage, stripBytes }, memory]) =>
      stripBytes === undefined ? [] : [{ memory, storage, stripBytes: BigInt(stripBytes) }],
    );
  }

  address(storage: Storage): bigint {
    const { place } = storage;
    if (place.kind === "input") return this.#bindingOf(place.input).address; // given at every run
    if (place.kind === "state") return this.#state.addressOf(place.state);
    return this.#arena.address + BigInt(this.#offset(storage));
  }

  /** What a script works on; `bind` puts inputs in their places. */
  arrays({ tensors }: ScriptCall): ScriptArray[] {
    const arrays = tensors.map((physical) => this.array(physical));
    tensors.forEach(({ storage: { place } }, index) => {
      if (place.kind === "input") this.#bindingOf(place.input).slots.push({ arrays, index });
    });
    return arrays;
  }

  /** The whole memory of a tensor, as numbers. */
  array({ storage, dtype }: Physical): ScriptArray {
    invariant(dtype !== "f64", "the engine has no f64");
    const { place } = storage;
    if (place.kind === "input") return new Float32Array(0); // given at every run
    if (place.kind === "state") {
      const array = this.#state.arrayOf(place.state);
      invariant(!(array instanceof Float64Array), "the engine has no f64");
      return array;
    }
    invariant(dtype !== "u8", "no script works on u8");
    if (dtype === "bf16") return this.#arena.bits16(this.#offset(storage), storage.bytes / dtypeBytes.bf16);
    return this.#arena.array(dtype, this.#offset(storage), storage.bytes / dtypeBytes[dtype]);
  }

  free(): void {
    for (const memory of this.#memories.values()) memory.destroy();
    this.#arena.free();
  }

  #bindingOf(input: string): InputBinding {
    const known = this.#inputs.get(input);
    if (known) return known;
    const binding: InputBinding = { memories: [], slots: [], address: 0n };
    this.#inputs.set(input, binding);
    return binding;
  }

  #offset(storage: Storage): number {
    const offset = this.#offsets.get(storage);
    invariant(offset !== undefined, `${storage.name} has no place in the arena`);
    return offset;
  }
}
