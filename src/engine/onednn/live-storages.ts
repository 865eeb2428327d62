// From calls to lifetimes: which memory of the arena is needed between which calls.
import type { Interval } from "../../plan/memory.ts";
import type { Call, Physical, Storage } from "./physical.ts";

/**
 * The arena's storages, with the calls between which each is needed; outputs to the end. What is pinned, and what `prepare` makes
 * for later phases, which may serve many steps, is needed always.
 */
export const liveStorages = (
  calls: readonly Call[],
  outputs: readonly Physical[],
): readonly { readonly storage: Storage; readonly interval: Interval }[] => {
  const spans = new Map<Storage, { first: number; last: number }>();
  const touch = ({ storage }: Physical, position: number): void => {
    if (storage.place.kind !== "arena" && storage.place.kind !== "pinned") return;
    const span = spans.get(storage);
    if (span === undefined) spans.set(storage, { first: position, last: position });
    else span.last = position;
  };
  const firstInStrips = calls.findIndex(({ inStrips }) => inStrips);
  // What strips are put together in is needed from the first strip on.
  const touchInStrips = (physical: Physical): void => {
    if (physical.stripBytes !== undefined) touch(physical, firstInStrips);
  };
  for (const call of calls) {
    if (call.kind === "primitive") for (const [, physical] of call.arguments) touchInStrips(physical);
  }
  calls.forEach((call, position) => {
    if (call.kind === "script") for (const physical of call.tensors) touch(physical, position);
    else for (const [, physical] of call.arguments) touch(physical, position);
  });
  for (const physical of outputs) touch(physical, calls.length);
  const prepared = calls.filter(({ phase }) => phase === "initialise" || phase === "prepare").length; // they come first
  return [...spans].map(([storage, { first, last }], index) => {
    const pinned = storage.place.kind === "pinned";
    const lasting = pinned || (first < prepared && last >= prepared);
    const span = lasting ? { first: 0, last: calls.length } : { first, last };
    return { storage, interval: { name: `${index} ${storage.name}`, bytes: storage.bytes, ...span } };
  });
};
