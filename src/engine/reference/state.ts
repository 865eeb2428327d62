// The reference engine's state: tensors by name, replaced as a whole. Programs read its arrays while they run.
import { allocate, type TypedArray } from "../../base/dtype.ts";
import { UsageError } from "../../base/errors.ts";
import { elementCount, formatShape, sameShape } from "../../base/shape.ts";
import type { HostTensor, NamedTensors } from "../../base/tensor.ts";
import type { Value } from "../../graph/value.ts";
import type { State } from "../contract.ts";
import type { Queue } from "./queue.ts";

/** A tensor of its own memory, not shared with other threads. */
export const copyOf = ({ dtype, shape, data }: HostTensor): HostTensor => {
  const copy = allocate(dtype, elementCount(shape));
  copy.set(data);
  return { dtype, shape, data: copy };
};

/** As messages show it: `f32[16, 3, 3, 3]`. */
export const formatType = ({ dtype, shape }: Pick<Value, "dtype" | "shape">): string => `${dtype}${formatShape(shape)}`;

export const sameType = (a: Pick<Value, "dtype" | "shape">, b: Pick<Value, "dtype" | "shape">): boolean =>
  a.dtype === b.dtype && sameShape(a.shape, b.shape);

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
    for (const [name, tensor] of tensors) {
      const kept = this.#get(name);
      if (!sameType(kept, tensor)) {
        throw new UsageError(
          `${name}: the state keeps ${formatType(kept)} but was given ${formatType(tensor)}; nothing was written`,
        );
      }
    }
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

  /** What compile asks: is this value of a graph among the tensors, with this shape and type? */
  checkHolds(value: Value): void {
    const kept = this.#get(value.name);
    if (!sameType(kept, value)) {
      throw new UsageError(
        `${value.name}: the graph takes ${formatType(value)} but the state holds ${formatType(kept)}`,
      );
    }
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
    throw new UsageError(`${name}: the state has no such tensor; it holds ${listNames([...this.#tensors.keys()])}`);
  }
}

/** Up to six names, and how many more there are. */
const listNames = (names: readonly string[]): string => {
  if (names.length === 0) return "none";
  const shown = names.slice(0, 6).join(", ");
  return names.length <= 6 ? shown : `${shown} and ${names.length - 6} more`;
};
