// The first layers of a large batch, run for some images at a time (plan/strips.ts): their calls have the shapes of one strip and are
// run for each; the input's address moves on from strip to strip, and so does that of the result's part. Images are the outermost
// axis of every layout.
import { invariant } from "../../../base/errors.ts";
import type { Strips } from "../../../plan/strips.ts";
import { isImage } from "../describe-value.ts";
import type { MemoryDescriptor } from "../dnnl.ts";
import type { Lowering } from "../lowering.ts";
import type { Storage } from "../physical.ts";

/** From here on calls are run for each strip. */
export const beginStrips = (context: Lowering, { input }: Strips): void => {
  const descriptor = context.dnnl.plain(input.shape, context.typeOf(input));
  const whole = context.asIs(input);
  context.define(input, { ...whole, descriptor, shape: input.shape, stripBytes: descriptor.bytes });
  context.inStrips = true;
};

/** Puts the strips' results together; later nodes read them as one. */
export const endStrips = (context: Lowering, { result, count }: Strips): void => {
  const { shape } = context.asIs(result);
  const layout = context.imageLayoutOf(result);
  const from = context.read({ ...result, shape }, layout);
  const { bytes } = from.descriptor;
  invariant(isImage(result.shape), `${result.name} is no image`);
  const descriptor: MemoryDescriptor = context.dnnl.image(result.shape, layout, context.typeOf(result));
  invariant(descriptor.bytes === count * bytes, `${result.name} does not consist of its strips`);
  const storage: Storage = { name: `${result.name} of all strips`, bytes: descriptor.bytes, place: { kind: "arena" } };
  context.reorder(from, { ...from, storage, stripBytes: bytes }, `${context.where} (reorder of ${result.name})`);
  context.inStrips = false;
  context.define(result, { storage, descriptor, layout, dtype: from.dtype, shape: result.shape });
};
