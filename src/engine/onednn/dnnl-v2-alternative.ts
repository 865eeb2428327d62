// oneDNN 2.6–2.7 has several implementations for most convolutions, and takes the first of its list. The others are come to by an
// iterator, which gives some twice: those that its cache of primitives knows already. So they are counted by their names.
import { invariant, UnsupportedError } from "../../base/errors.ts";
import type { NativeCalls } from "./dnnl-v2-primitives.ts";

/** Operation descriptors that an iterator points to: what the library alone refers to, a garbage collection takes away. */
const held = new Set<Buffer>();

/**
 * The handle of the primitive descriptor that comes `alternative` names after the library's first choice. Throws UnsupportedError
 * where the list is shorter.
 */
export const alternativeDescriptor = (
  native: NativeCalls,
  operation: Buffer,
  attributes: object,
  hint: object | null,
  alternative: number,
  where: string,
): object => {
  const { functions, created, engine, currentOf, nameOf, destroyDescriptor } = native;
  const refusal = new UnsupportedError("onednn", where, `oneDNN has no implementation ${alternative} for it`);
  const out: [object | null] = [null];
  if (functions.iterator(out, operation, attributes, engine, hint) !== 0) throw refusal;
  const [iterator] = out;
  invariant(iterator !== null, "an iterator that was made has a handle");
  held.add(operation);
  const seen = new Set<string>();
  try {
    do {
      const descriptor = created("dnnl_primitive_desc_iterator_fetch", where, currentOf, iterator);
      seen.add(nameOf(descriptor, where));
      if (seen.size > alternative) return descriptor;
      destroyDescriptor(descriptor);
    } while (functions.iteratorNext(iterator) === 0);
  } finally {
    functions.destroyIterator(iterator);
    held.delete(operation);
  }
  throw refusal;
};
