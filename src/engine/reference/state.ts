// The reference engine's state: tensors by name, replaced as a whole. Programs read its arrays while they run.
import { allocate, type TypedArray } from "../../base/dtype.ts";
import { UsageError } from "../../base/errors.ts";
import { elementCount } from "../../base/shape.ts";
import type { HostTensor, NamedTensors } from "../../base/tensor.ts";
import { checkWrite } from "../checks.ts";
import type { State } from "../contract.ts";
import type { Queue } from "./queue.ts";

/** A tensor of its own memory, not shared with other threads. */
export const copyOf = ({ dtype, shape, data }: HostTensor): HostTensor => {
  const copy = allocate(dtype, elementCount(shape));
  copy.set(data);
  return { dtype, shape, data: copy };
};

export class ReferenceState implements State {
  /** That of its engine. */
  readonly queue: Queue;
  readonly #tensors = new Map<string, HostTensor>();
  #version = 0;
  #disposed = false;

  constructor(queue: Queue, tensors: NamedTensors) {
    this.queue = queue;
    for (const [name, tensor] of tensors) this.#tensors.set(name, copyOf(tensor));
  }

  get version(): number {
    return this.#version;
  }

  async read(names?: readonly string[]): Promise<NamedTensors> {
    this.check();
    const wanted = names ?? [...this.#tensors.keys()];
    for (const name of wanted) this.#get(name);
    return this.queue.enqueue(() => new Map(wanted.map((name) => [name, copyOf(this.#get(name))])));
  }

  async write(tensors: NamedTensors): Promise<void> {
    this.check();
    checkWrite(tensors, this.#tensors);
    const copies = [...tensors].map(([name, tensor]) => [name, copyOf(tensor).data] as const);
    await this.queue.enqueue(() => this.replace(copies));
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    await this.queue.enqueue(() => this.#tensors.clear());
  }

  /** Throws once the state, or its engine, is disposed of. */
  check(): void {
    this.queue.check();
    if (this.#disposed) throw new Error("this state is disposed of: it can't be used any more");
  }

  /** The tensors themselves, not copies. */
  get kept(): NamedTensors {
    return this.#tensors;
  }

  /** The elements themselves, not a copy. */
  elements(name: string): TypedArray {
    return this.#get(name).data;
  }

  /** Overwrites tensors at once and raises the version. The arrays must not be the state's own. */
  replace(elements: Iterable<readonly [name: string, elements: TypedArray]>): void {
    for (const [name, data] of elements) this.#get(name).data.set(data);
    this.#version++;
  }

  #get(name: string): HostTensor {
    const tensor = this.#tensors.get(name);
    if (tensor) return tensor;
    throw new UsageError(`the state has no tensor ${name}`);
  }
}
