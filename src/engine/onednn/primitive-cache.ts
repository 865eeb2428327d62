// The primitives of a program, by description: layers alike share one, of which a deep network has thousands. (They keep nothing
// between calls.)
import type { Dnnl, MemoryDescriptor, Primitive, PrimitiveDescription } from "./dnnl.ts";

const isDescriptor = (part: unknown): part is MemoryDescriptor =>
  typeof part === "object" && part !== null && "native" in part;

export class PrimitiveCache {
  readonly #dnnl: Dnnl;
  readonly #primitives = new Map<string, Primitive>();
  readonly #descriptorNumbers = new Map<MemoryDescriptor, number>();

  constructor(dnnl: Dnnl) {
    this.#dnnl = dnnl;
  }

  /** The primitive of this description, made for the first who asks. Throws UnsupportedError, naming `where`. */
  describe(description: PrimitiveDescription, where: string): Primitive {
    const key = JSON.stringify(description, (_, part: unknown) => (isDescriptor(part) ? this.#numberOf(part) : part));
    const known = this.#primitives.get(key);
    if (known !== undefined) return known;
    const primitive = this.#dnnl.primitive(description, where);
    this.#primitives.set(key, primitive);
    return primitive;
  }

  free(): void {
    for (const primitive of this.#primitives.values()) primitive.destroy();
    this.#primitives.clear();
  }

  #numberOf(descriptor: MemoryDescriptor): number {
    const known = this.#descriptorNumbers.get(descriptor);
    if (known !== undefined) return known;
    const next = this.#descriptorNumbers.size;
    this.#descriptorNumbers.set(descriptor, next);
    return next;
  }
}
