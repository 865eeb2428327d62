import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../graph/builder.ts";
import { makePlan, type Plan } from "./plan.ts";
import { stripCount, withStrips } from "./strips.ts";

/** 256 × 256 pixels of 16 channels, 4 MiB an image; a residual block; a pool to a few numbers. */
const network = (images: number, also: "nothing" | "output" | "second reader" = "nothing"): Plan => {
  const b = new GraphBuilder();
  const x = b.input("images", "f32", [images, 16, 256, 256]);
  const first = b.add("relu", "first", { x }, {}).y;
  const second = b.add("relu", "second", { x: first }, {}).y;
  const sum = b.add("add", "sum", { a: second, b: first }, {}).y;
  const small = b.add("globalAveragePool", "pool", { x: { ...sum, shape: x.shape } }, {}).y;
  const more = also === "second reader" ? b.add("add", "last", { a: small, b: small }, {}).y : small;
  b.output(b.add("relu", "end", { x: more }, {}).y);
  if (also === "output") b.output(first);
  return makePlan(b.build());
};

describe("strips", () => {
  test("stripCount(plan, batch) cuts until maps fit into 16 MiB, by powers of two that divide the batch", () => {
    expect(stripCount(network(4), 4)).toBe(1);
    expect(stripCount(network(8), 8)).toBe(2);
    expect(stripCount(network(32), 32)).toBe(8);
    expect(stripCount(network(30), 30)).toBe(2);
    expect(stripCount(network(31), 31)).toBe(1);
  });

  test("withStrips(plan, part, count) goes as far as maps are large, to where one value is read later", () => {
    const { strips, order } = withStrips(network(8), network(4), 2);
    expect(strips?.count).toBe(2);
    expect(strips?.nodes).toEqual(network(4).order.slice(0, 3)); // both relus, and the sum that reads both
    expect(strips?.input).toEqual({ name: "images", dtype: "f32", shape: [4, 16, 256, 256] });
    expect(strips?.result).toEqual({ name: "sum", dtype: "f32", shape: [8, 16, 256, 256] });
    expect(order).toEqual(network(8).order);
    expect(withStrips(network(8, "second reader"), network(4, "second reader"), 2).strips?.nodes).toHaveLength(3);
  });

  test("withStrips leaves a plan alone that has no large maps, or whose caller reads one in between", () => {
    expect(withStrips(network(4), network(2), 2).strips).toBeUndefined();
    expect(withStrips(network(8), network(4), 1).strips).toBeUndefined();
    expect(withStrips(network(8, "output"), network(4, "output"), 2).strips).toBeUndefined();
  });
});
