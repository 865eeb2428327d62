// A part of a node: a few channels or filters of its result, by the same definition. Large convolutions and updates of large weights are
// checked so, for the definitions take half a minute for all of a ResNet-50's.

import type { TypedArray } from "../../base/dtype.ts";
import { elementCount, type Shape } from "../../base/shape.ts";
import { operandsOf } from "../../graph/graph.ts";
import type { Node } from "../../graph/ops.ts";
import type { Value } from "../../graph/value.ts";
import type { ElementsOf } from "../reference/kernel.ts";

/** Elements [start, start + count) along an axis. */
export interface Range {
  readonly axis: 0 | 1;
  readonly start: number;
  readonly count: number;
}

const shapeOfPart = (shape: Shape, { axis, count }: Range): Shape =>
  shape.map((size, i) => (i === axis ? count : size));

/** Copies the part of a row-major tensor. */
export const takePart = (elements: TypedArray, shape: Shape, { axis, start, count }: Range): Float64Array => {
  const outer = elementCount(shape.slice(0, axis));
  const inner = elementCount(shape.slice(axis + 1));
  const part = new Float64Array(outer * count * inner);
  for (let o = 0; o < outer; o++) {
    const first = (o * (shape[axis] ?? 1) + start) * inner;
    part.set(elements.subarray(first, first + count * inner), o * count * inner);
  }
  return part;
};

/** A node of fewer channels, what it reads, and which part of the whole node's result it makes. */
export interface Narrowed {
  readonly node: Node;
  readonly elementsOf: ElementsOf;
  readonly part: Range;
}

export const narrowedValue = <V extends Value>(value: V, range: Range): V => ({
  ...value,
  shape: shapeOfPart(value.shape, range),
});

/**
 * The node for `channels` of its result's channels or filters, from a start that depends on `seed`. Null for kinds that are not
 * convolutions or updates, for convolutions in groups, and where there are no more channels than that.
 */
export const narrowNode = (node: Node, elementsOf: ElementsOf, channels: number, seed: number): Narrowed | null => {
  const rangeOf = (size: number, axis: 0 | 1): Range | null =>
    size <= channels ? null : { axis, start: (seed * 37) % (size - channels + 1), count: channels };
  const replacing =
    (of: Value, range: Range): ElementsOf =>
    (value) =>
      value.name === of.name ? takePart(elementsOf(of), of.shape, range) : elementsOf(value);
  if (node.kind === "weightedSum" || node.kind === "cast") {
    const { y } = node.results;
    const part = rangeOf(y.shape[0] ?? 1, 0);
    if (part === null) return null;
    const narrowed = { y: narrowedValue(y, part) };
    return {
      node: node.kind === "cast" ? { ...node, results: narrowed } : { ...node, results: narrowed },
      elementsOf: (value) => takePart(elementsOf(value), value.shape, part),
      part,
    };
  }
  if (node.kind === "descend") {
    const { y } = node.results;
    const part = rangeOf(y.shape[0] ?? 1, 0);
    if (part === null) return null;
    return {
      node: { ...node, results: { y: narrowedValue(y, part) } },
      elementsOf: (value) =>
        value.shape.length === 0 ? elementsOf(value) : takePart(elementsOf(value), value.shape, part),
      part,
    };
  }
  if (node.kind === "conv2d" && node.params.groups === 1) {
    const { operands, results } = node;
    const range = rangeOf(operands.weight.shape[0], 0);
    if (range === null) return null;
    const part = { ...range, axis: 1 } as const;
    const weight = narrowedValue(operands.weight, range);
    return {
      node: { ...node, operands: { ...operands, weight }, results: { y: narrowedValue(results.y, part) } },
      elementsOf: replacing(operands.weight, range),
      part,
    };
  }
  if (node.kind === "quantizedConv2d" && node.params.groups === 1) {
    const { operands, results, params } = node;
    const range = rangeOf(operands.weight.shape[0], 0);
    if (range === null) return null;
    const part = { ...range, axis: 1 } as const;
    const weight = narrowedValue(operands.weight, range);
    const bias = narrowedValue(operands.bias, range);
    const shortcut = operands.shortcut && narrowedValue(operands.shortcut, part);
    const factors = params.factors.slice(range.start, range.start + range.count);
    const ranges = new Map<string, Range>([
      [operands.weight.name, range],
      [operands.bias.name, range],
      ...(operands.shortcut ? [[operands.shortcut.name, part] as const] : []),
    ]);
    const whole = new Map(operandsOf(node).map(([, value]) => [value.name, value.shape]));
    return {
      node: {
        ...node,
        operands: { x: operands.x, weight, bias, ...(shortcut && { shortcut }) },
        params: { ...params, factors },
        results: { y: narrowedValue(results.y, part) },
      },
      elementsOf: (value) => {
        const taken = ranges.get(value.name);
        return taken ? takePart(elementsOf(value), whole.get(value.name) ?? value.shape, taken) : elementsOf(value);
      },
      part,
    };
  }
  if (node.kind === "conv2dBackwardData" && node.params.groups === 1) {
    const { operands, results, params } = node;
    const part = rangeOf(operands.weight.shape[1], 1);
    if (part === null) return null;
    const [n, , h, w] = params.inputShape;
    const weight = narrowedValue(operands.weight, part);
    return {
      node: {
        ...node,
        operands: { ...operands, weight },
        params: { ...params, inputShape: [n, part.count, h, w] },
        results: { dx: narrowedValue(results.dx, part) },
      },
      elementsOf: replacing(operands.weight, part),
      part,
    };
  }
  if (node.kind === "conv2dBackwardWeight" && node.params.groups === 1) {
    const { operands, results, params } = node;
    const range = rangeOf(params.filterShape[0], 1);
    if (range === null) return null;
    const [, c, u, v] = params.filterShape;
    const part = { ...range, axis: 0 } as const;
    const dy = narrowedValue(operands.dy, range);
    return {
      node: {
        ...node,
        operands: { ...operands, dy },
        params: { ...params, filterShape: [range.count, c, u, v] },
        results: { dWeight: narrowedValue(results.dWeight, part) },
      },
      elementsOf: replacing(operands.dy, range),
      part,
    };
  }
  return null;
};
