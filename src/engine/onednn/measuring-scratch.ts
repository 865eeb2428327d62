// Times single calls of primitives on memory of its own, which is kept from one to the next and freed after a compilation.
import type { Argument, Dnnl, Memory, MemoryDescriptor, NativeBlock, Primitive } from "./dnnl.ts";

/** Small numbers in bf16 and, two together, in f32: nothing overflows, nothing is denormal, and every page is touched. */
const filling = 0x3c01;
/** What no result is likely to be. */
const guarding = 0x5a5a;
/** A code that took so much longer at its first call, which warms up, isn't called again. */
const hopeless = 1.6;
/** Bytes before and after each tensor that no code may change: the library has code that writes outside its memory (isWrong). */
const guardBytes = 4096;
/** Tensors begin at multiples of this, in a program's arena as well: what lies between two of them is nobody's. */
const alignment = 64;
/** So near the best it is called three times more. */
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
   * The milliseconds of a call, the least of a few; Infinity where it fails, and where it writes outside its tensors. `best`: those of
   * the best code so far, past which a code needs not be known exactly.
   */
  time(primitive: Primitive, tensors: readonly (readonly [Argument, MemoryDescriptor])[], best: number): number {
    const scratchpad = primitive.layoutOf("scratchpad");
    const all = scratchpad === null ? tensors : [...tensors, ["scratchpad", scratchpad] as const];
    const memories: Memory[] = [];
    const guards: Uint16Array[] = [];
    try {
      const list = all.map(([argument, descriptor]) => {
        const { address, around } = this.#guarded(String(argument), descriptor.bytes);
        guards.push(...around);
        const memory = this.#dnnl.memory(descriptor, address);
        memories.push(memory);
        return [argument, memory] as const;
      });
      const args = this.#dnnl.arguments(list);
      const handle = primitive.create();
      const call = (): number => {
        const start = this.#now();
        const status = this.#dnnl.execute(handle, list.length, args);
        const milliseconds = this.#now() - start;
        const isWhole = guards.every((guard) => guard.every((bits) => bits === guarding));
        return status === 0 && isWhole ? milliseconds : Number.POSITIVE_INFINITY;
      };
      const first = call();
      if (first > hopeless * best) return first;
      const least = Math.min(call(), call());
      return least < near * best ? Math.min(least, call(), call(), call()) : least;
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

  /** Memory for a tensor, and what lies around it. */
  #guarded(name: string, tensorBytes: number): { readonly address: bigint; readonly around: readonly Uint16Array[] } {
    const bytes = Math.ceil(tensorBytes / alignment) * alignment;
    const block = this.#block(name, bytes + 2 * guardBytes);
    const around = [0, guardBytes + bytes].map((start) => block.bits16(start, guardBytes / 2).fill(guarding));
    return { address: block.address + BigInt(guardBytes), around };
  }

  #block(name: string, bytes: number): NativeBlock {
    const known = this.#blocks.get(name);
    if (known !== undefined && known.bytes >= bytes) return known.block;
    known?.block.free();
    this.#blocks.delete(name);
    const block = this.#dnnl.allocate(bytes);
    block.bits16(0, bytes / 2).fill(filling);
    this.#blocks.set(name, { block, bytes });
    return block;
  }
}
