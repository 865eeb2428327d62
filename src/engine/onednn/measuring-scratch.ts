// Times single calls of primitives on memory of its own, which is kept from one to the next and freed after a compilation.
import type { Argument, Dnnl, Memory, MemoryDescriptor, NativeBlock, Primitive } from "./dnnl.ts";

/** Small numbers in bf16 and, two together, in f32: nothing overflows, nothing is denormal, and every page is touched. */
const filling = 0x3c01;
/** A code that took so much longer at its first call, which warms up, isn't called again. */
const hopeless = 1.6;
/** So near the best it is called once more. */
const near = 1.1;

export class MeasuringScratch {
  readonly #dnnl: Dnnl;
  readonly #now: () => number;
  readonly #blocks = new Map<string, { readonly block: NativeBlock; readonly bytes: number }>();
  /** Milliseconds from one layout to another. */
  readonly #reorders = new Map<MemoryDescriptor, Map<MemoryDescriptor, number>>();

  constructor(dnnl: Dnnl, now: () => number) {
    this.#dnnl = dnnl;
    this.#now = now;
  }

  /**
   * The milliseconds of a call, the least of a few; Infinity where it fails. `best`: those of the best code so far, past which a code
   * needs not be known exactly.
   */
  time(primitive: Primitive, tensors: readonly (readonly [Argument, MemoryDescriptor])[], best: number): number {
    const scratchpad = primitive.layoutOf("scratchpad");
    const all = scratchpad === null ? tensors : [...tensors, ["scratchpad", scratchpad] as const];
    const memories: Memory[] = [];
    try {
      const list = all.map(([argument, descriptor]) => {
        const address = this.#address(String(argument), descriptor.bytes);
        const memory = this.#dnnl.memory(descriptor, address);
        memories.push(memory);
        return [argument, memory] as const;
      });
      const args = this.#dnnl.arguments(list);
      const handle = primitive.create();
      const call = (): number => {
        const start = this.#now();
        const status = this.#dnnl.execute(handle, list.length, args);
        return status === 0 ? this.#now() - start : Number.POSITIVE_INFINITY;
      };
      const first = call();
      if (first > hopeless * best) return first;
      const least = Math.min(call(), call());
      return least < near * best ? Math.min(least, call()) : least;
    } finally {
      for (const memory of memories) memory.destroy();
    }
  }

  /** The milliseconds that a reorder takes. */
  timeReorder(from: MemoryDescriptor, to: MemoryDescriptor, where: string): number {
    if (this.#dnnl.equal(from, to)) return 0;
    const known = this.#reorders.get(from)?.get(to);
    if (known !== undefined) return known;
    const primitive = this.#dnnl.primitive({ kind: "reorder", from, to }, where);
    try {
      const tensors = [["x", from] as const, ["y", to] as const];
      const milliseconds = this.time(primitive, tensors, Number.POSITIVE_INFINITY);
      const targets = this.#reorders.get(from) ?? new Map<MemoryDescriptor, number>();
      this.#reorders.set(from, targets.set(to, milliseconds));
      return milliseconds;
    } finally {
      primitive.destroy();
    }
  }

  free(): void {
    for (const { block } of this.#blocks.values()) block.free();
    this.#blocks.clear();
  }

  #address(name: string, bytes: number): bigint {
    const known = this.#blocks.get(name);
    if (known !== undefined && known.bytes >= bytes) return known.block.address;
    known?.block.free();
    const block = this.#dnnl.allocate(bytes);
    block.bits16(0, Math.floor(bytes / 2)).fill(filling);
    this.#blocks.set(name, { block, bytes });
    return block.address;
  }
}
