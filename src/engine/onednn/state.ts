// The state's memory, in the thread that drives the library: one block, every tensor at a multiple of 64 bytes. Tensors lie row-major, or
// as the first program wants them that runs over the state: so an update reads gradients as they lie. Callers see rows.
import { dtypeBytes, type TypedArray } from "../../base/dtype.ts";
import { invariant } from "../../base/errors.ts";
import { elementCount, type Shape } from "../../base/shape.ts";
import type { HostTensor, NamedTensors } from "../../base/tensor.ts";
import { arenaAlignment } from "../../plan/memory.ts";
import type { Dnnl, MemoryDescriptor, NativeBlock } from "./dnnl.ts";
import { reorderOnce } from "./reorder-once.ts";

interface StateTensor {
  readonly address: bigint;
  readonly dtype: HostTensor["dtype"];
  readonly shape: HostTensor["shape"];
  /** The whole memory, in the order in which it lies there. */
  readonly data: TypedArray;
  /** Null for row-major. */
  readonly layout: MemoryDescriptor | null;
}

/** By name, for f32 tensors that are not to lie row-major; others do. */
export type StateLayouts = ReadonlyMap<string, MemoryDescriptor>;

export class NativeState {
  /** Raised by every write and update: programs prepare again when it has changed. */
  version = 0;
  /** How many programs run over it: they hold addresses. */
  programs = 0;
  #bytes = 0;
  #block: NativeBlock | null = null;
  readonly #dnnl: Dnnl;
  readonly #tensors = new Map<string, StateTensor>();

  constructor(dnnl: Dnnl, tensors: NamedTensors) {
    this.#dnnl = dnnl;
    this.#layOut(tensors, new Map());
  }

  get bytes(): number {
    return this.#bytes;
  }

  addressOf(name: string): bigint {
    return this.#find(name).address;
  }

  arrayOf(name: string): TypedArray {
    return this.#find(name).data;
  }

  /** The layout of a tensor; null for row-major. */
  layoutOf(name: string): MemoryDescriptor | null {
    return this.#find(name).layout;
  }

  /** Lets tensors lie otherwise from now on, unless programs run over the state already. The others become, or stay, row-major. */
  arrange(layouts: StateLayouts): void {
    if (this.programs > 0) return;
    const arranged = [...this.#tensors].filter(([, { layout }]) => layout !== null);
    if (layouts.size === 0 && arranged.length === 0) return;
    this.#layOut(this.read([...this.#tensors.keys()]), layouts);
  }

  /** Copies of the tensors. */
  read(names: readonly string[]): NamedTensors {
    return new Map(
      names.map((name): [string, HostTensor] => {
        const { dtype, shape, data, layout, address } = this.#find(name);
        if (layout === null) return [name, { dtype, shape, data: data.slice() }];
        const rows = this.#withRows(shape, (block) => {
          reorderOnce(
            this.#dnnl,
            { descriptor: layout, address },
            { descriptor: this.#dnnl.plain(shape), address: block.address },
            name,
          );
          return block.array("f32", 0, elementCount(shape)).slice();
        });
        return [name, { dtype, shape, data: rows }];
      }),
    );
  }

  write(tensors: NamedTensors): void {
    for (const [name, { data }] of tensors) {
      const { shape, data: kept, layout, address } = this.#find(name);
      if (layout === null) kept.set(data);
      else {
        this.#withRows(shape, (block) => {
          block.array("f32", 0, data.length).set(data);
          const from = { descriptor: this.#dnnl.plain(shape), address: block.address };
          reorderOnce(this.#dnnl, from, { descriptor: layout, address }, name);
        });
      }
    }
    this.version++;
  }

  free(): void {
    this.#tensors.clear();
    this.#block?.free();
    this.#block = null;
  }

  /**
   * Native memory for the rows of an f32 tensor, as long as `use` runs. Not an array's memory: once its address is taken nothing in
   * JavaScript refers to the array, and a collection in another thread takes the memory away while the library reads it.
   */
  #withRows<T>(shape: Shape, use: (block: NativeBlock) => T): T {
    const block = this.#dnnl.allocate(elementCount(shape) * dtypeBytes.f32);
    try {
      return use(block);
    } finally {
      block.free();
    }
  }

  #layOut(tensors: NamedTensors, layouts: StateLayouts): void {
    const offsets = new Map<string, number>();
    const bytesOf = (name: string, { shape, dtype }: HostTensor): number =>
      layouts.get(name)?.bytes ?? elementCount(shape) * dtypeBytes[dtype];
    let bytes = 0;
    for (const [name, tensor] of tensors) {
      offsets.set(name, bytes);
      bytes += Math.ceil(bytesOf(name, tensor) / arenaAlignment) * arenaAlignment;
    }
    const block = this.#dnnl.allocate(bytes); // where there is none, what there was stays
    this.free();
    this.#bytes = bytes;
    this.#block = block;
    for (const [name, tensor] of tensors) {
      const { dtype, shape } = tensor;
      const offset = offsets.get(name) ?? 0;
      const layout = layouts.get(name) ?? null;
      invariant(layout === null || dtype === "f32", `${name} is ${dtype}: only f32 tensors have layouts`);
      const data = block.array(dtype, offset, bytesOf(name, tensor) / dtypeBytes[dtype]);
      this.#tensors.set(name, { address: block.address + BigInt(offset), dtype, shape, data, layout });
    }
    this.write(tensors);
  }

  #find(name: string): StateTensor {
    const found = this.#tensors.get(name);
    invariant(found !== undefined, `the state has no tensor ${name}`);
    return found;
  }
}
