// One reorder outside of any program: everything that it needs is made for it and freed.
import { NativeError } from "../../base/errors.ts";
import type { Argument, Dnnl, Memory, MemoryDescriptor } from "./dnnl.ts";

interface Place {
  readonly descriptor: MemoryDescriptor;
  readonly address: bigint;
}

/** Copies a tensor into another layout. Throws NativeError, naming `where`, when the library fails. */
export const reorderOnce = (dnnl: Dnnl, from: Place, to: Place, where: string): void => {
  const primitive = dnnl.primitive({ kind: "reorder", from: from.descriptor, to: to.descriptor }, where);
  const owned: { destroy(): void }[] = [primitive];
  const own = <T extends { destroy(): void }>(each: T): T => {
    owned.push(each);
    return each;
  };
  try {
    const list: [Argument, Memory][] = [
      ["x", own(dnnl.memory(from.descriptor, from.address))],
      ["y", own(dnnl.memory(to.descriptor, to.address))],
    ];
    const scratchpad = primitive.layoutOf("scratchpad");
    if (scratchpad !== null) {
      const block = dnnl.allocate(scratchpad.bytes);
      owned.push({ destroy: () => block.free() });
      list.push(["scratchpad", own(dnnl.memory(scratchpad, block.address))]);
    }
    const status = dnnl.execute(primitive.create(), list.length, dnnl.arguments(list));
    if (status !== 0) throw new NativeError("oneDNN", "dnnl_primitive_execute", dnnl.statusName(status), where);
  } finally {
    for (const each of owned.toReversed()) each.destroy();
  }
};
