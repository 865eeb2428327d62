// Grouped convolutions with fewer than 16 channels a group, computed as one with fewer groups of 16 channels: the filters are filled
// up with zeros. That is up to four times the arithmetic, in code that uses whole vectors and reads images in blocks of 16 channels.
// Exact, except that a number that is not finite spreads to its neighbours' channels (0 · ∞ is not a number).
//
//   w′[o, (g mod m)·c + i, u, v] = w[o, i, u, v]      c channels a group, g the group of o, m = 16 / c groups put together
import type { FilterShape, ImageShape, Shape } from "../../../base/shape.ts";
import type { Value } from "../../../graph/value.ts";
import type { MemoryDescriptor } from "../dnnl.ts";
import type { Lowering } from "../lowering.ts";
import type { Phase, Physical, Place, ScriptArray } from "../physical.ts";
import { nativeFilter } from "./convolution-layer.ts";

const block = 16;

/** The groups when they are put together to 16 channels each; null where that can't be, or is not needed. */
export const regrouped = ([, channels]: ImageShape, [filters]: FilterShape, groups: number): number | null => {
  const together = block / (channels / groups);
  if (groups === 1 || together <= 1 || !Number.isInteger(together) || groups % together !== 0) return null;
  return ((filters / groups) * together) % block === 0 ? groups / together : null;
};

const none: ScriptArray = new Float32Array(0);

/** `visit(from, to, count)`: stretches of elements in filters as they are, and in filters filled up. */
const eachStretch = (
  [filters, own, height, width]: FilterShape,
  groups: number,
  fewer: number,
  visit: (from: number, to: number, count: number) => void,
): void => {
  const count = own * height * width;
  const together = groups / fewer;
  for (let o = 0; o < filters; o++) {
    const group = Math.floor((o * groups) / filters);
    visit(o * count, o * together * count + (group % together) * count, count);
  }
};

const filledShape = ([o, own, u, v]: FilterShape, groups: number, fewer: number): Shape =>
  nativeFilter([o, (own * groups) / fewer, u, v], fewer);

/** A weight filled up, as the primitive wants it. Where it follows from the state alone it is made when that has changed. */
export const readRegrouped = (
  context: Lowering,
  weight: Value<FilterShape>,
  wanted: MemoryDescriptor,
  groups: number,
  fewer: number,
): Physical => {
  const from = context.read(weight, "plain", context.asIs(weight).dtype);
  const prepared = context.followsState(from) && (context.inference || from.storage.place.kind !== "state");
  const place: Place = { kind: prepared ? "pinned" : "arena" };
  const phase: Phase = prepared ? "prepare" : context.part;
  const shape = filledShape(weight.shape, groups, fewer);
  const plain = context.dnnl.plain(shape, context.typeOf(from));
  const name = `${weight.name} in ${fewer} groups for ${context.where}`;
  const filled: Physical = {
    storage: { name: `${name}, row by row`, bytes: plain.bytes, place: { kind: "arena" } },
    descriptor: plain,
    layout: "plain",
    shape,
    dtype: from.dtype,
  };
  const result: Physical = {
    storage: { name, bytes: wanted.bytes, place },
    descriptor: wanted,
    layout: "opaque",
    shape,
    dtype: weight.dtype,
  };
  const fill = ([source = none, to = none]: readonly ScriptArray[]): void => {
    to.fill(0);
    eachStretch(weight.shape, groups, fewer, (start, target, count) => {
      for (let i = 0; i < count; i++) to[target + i] = source[start + i]!;
    });
  };
  context.script("fillGroups", [from, filled], fill, phase);
  context.reorder(filled, result, `${context.where} (reorder of ${weight.name})`, phase);
  return result;
};

/** Memory for the gradient of a weight filled up; `finish` takes its part of it, once it has been computed. */
export const regroupedGradient = (
  context: Lowering,
  dWeight: Value<FilterShape>,
  wanted: MemoryDescriptor,
  groups: number,
  fewer: number,
): { readonly filled: Physical; finish(): void } => {
  const shape = filledShape(dWeight.shape, groups, fewer);
  const filled = context.temporary(`gradient in ${fewer} groups`, wanted, shape);
  const finish = (): void => {
    const rows = context.temporary(
      `gradient in ${fewer} groups, row by row`,
      context.dnnl.plain(shape),
      shape,
      "plain",
    );
    context.reorder(filled, rows);
    context.script("takeGroups", [rows, context.result(dWeight)], ([source = none, to = none]) => {
      eachStretch(dWeight.shape, groups, fewer, (start, target, count) => {
        for (let i = 0; i < count; i++) to[start + i] = source[target + i]!;
      });
    });
  };
  return { filled, finish };
};
