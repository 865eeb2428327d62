// The state's memory, in the thread that drives the library: one block, every tensor row-major at a multiple of 64 bytes.
import { dtypeBytes, type TypedArray } from "../../base/dtype.ts";
import { invariant } from "../../base/errors.ts";
import { elementCount } from "../../base/shape.ts";
import type { HostTensor, NamedTensors } from "../../base/tensor.ts";
import { arenaAlignment } from "../../plan/memory.ts";
import type { Dnnl, NativeBlock } from "./dnnl.ts";

interface StateTensor {
  readonly address: bigint;
  readonly tensor: HostTensor;
}

export class NativeState {
  /** Raised by every write and update: programs prepare again when it has changed. */
  version = 0;
  readonly bytes: number;
  readonly #block: NativeBlock;
  readonly #tensors = new Map<string, StateTensor>();

  constructor(dnnl: Dnnl, tensors: NamedTensors) {
    const offsets = new Map<string, number>();
    let bytes = 0;
    for (const [name, { shape, dtype }] of tensors) {
      offsets.set(name, bytes);
      bytes += Math.ceil((elementCount(shape) * dtypeBytes[dtype]) / arenaAlignment) * arenaAlignment;
    }
    this.bytes = bytes;
    this.#block = dnnl.allocate(bytes);
    for (const [name, { shape, dtype }] of tensors) {
      const offset = offsets.get(name) ?? 0;
      const data = this.#block.array(dtype, offset, elementCount(shape));
      this.#tensors.set(name, { address: this.#block.address + BigInt(offset), tensor: { dtype, shape, data } });
    }
    this.write(tensors);
  }

  addressOf(name: string): bigint {
    return this.#find(name).address;
  }

  arrayOf(name: string): TypedArray {
    return this.#find(name).tensor.data;
  }

  /** Copies of the tensors. */
  read(names: readonly string[]): NamedTensors {
    return new Map(
      names.map((name) => {
        const { dtype, shape, data } = this.#find(name).tensor;
        return [name, { dtype, shape, data: data.slice() }];
      }),
    );
  }

  write(tensors: NamedTensors): void {
    for (const [name, { data }] of tensors) this.#find(name).tensor.data.set(data);
    this.version++;
  }

  free(): void {
    this.#tensors.clear();
    this.#block.free();
  }

  #find(name: string): StateTensor {
    const found = this.#tensors.get(name);
    invariant(found !== undefined, `the state has no tensor ${name}`);
    return found;
  }
}
