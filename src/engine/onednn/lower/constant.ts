// The same number everywhere: memory that is filled once, when the program is built.
import { bf16Bits } from "../../../base/bf16.ts";
import type { NodeOf } from "../../../graph/ops.ts";
import type { Value } from "../../../graph/value.ts";
import { descriptorOf } from "../describe-value.ts";
import type { ImageLayout } from "../dnnl.ts";
import type { Lowering } from "../lowering.ts";
import type { Physical, ScriptArray, Storage } from "../physical.ts";

/** Memory of a value's shape and type; all that ask for the same share it, so it must not be written. */
export const constantOf = (
  context: Lowering,
  number: number,
  { shape, dtype }: Pick<Value, "shape" | "dtype">,
  layout: ImageLayout = "plain",
): Physical => {
  const key = `constant ${number} ${dtype} ${shape.join("×")} ${layout}`;
  const known = context.constants.get(key);
  if (known !== undefined) return known;
  const descriptor = descriptorOf(context.dnnl, shape, context.typeOf({ dtype }), layout);
  const storage: Storage = { name: key, bytes: descriptor.bytes, place: { kind: "pinned" } };
  const physical: Physical = { storage, descriptor, layout, shape, dtype };
  context.constants.set(key, physical);
  const element = dtype === "bf16" ? bf16Bits(number) : number;
  const run = ([y]: readonly ScriptArray[]): void => void y?.fill(element);
  context.calls.push({
    kind: "script",
    phase: "initialise",
    inStrips: false,
    node: key,
    implementation: "script:fill",
    tensors: [physical],
    run,
  });
  return physical;
};

export const constant = (context: Lowering, { params, results: { y } }: NodeOf<"constant">): void =>
  context.define(y, constantOf(context, params.value, y));
