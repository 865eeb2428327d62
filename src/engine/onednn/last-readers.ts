// By value, the place in a plan's order of the last node that reads it; the caller, who reads outputs, is no node.
import { operandsOf } from "../../graph/graph.ts";
import type { Plan } from "../../plan/plan.ts";

export const lastReaders = ({ order }: Plan): ReadonlyMap<string, number> => {
  const places = new Map<string, number>();
  order.forEach((node, place) => {
    for (const [, value] of operandsOf(node)) places.set(value.name, place);
  });
  return places;
};
