import { expect, test } from "vitest";
import { drawMemory } from "./draw-memory.ts";
import { planMemory } from "./memory.ts";

const mebibyte = 2 ** 20;

test("drawMemory(plan) shows who has which bytes when, and how near the arena is to the lower bound", () => {
  const plan = planMemory([
    { name: "image", bytes: 2 * mebibyte, first: 0, last: 1 },
    { name: "map", bytes: mebibyte, first: 1, last: 3 },
    { name: "logits", bytes: 2 * mebibyte, first: 2, last: 3 },
  ]);
  expect(drawMemory(plan, { columns: 8, rows: 3 })).toBe(
    [
      "     3.0 MiB ..bbbbbb",
      "     2.0 MiB aaaacccc",
      "     1.0 MiB aaaacccc",
      "arena 3.0 MiB, lower bound 3.0 MiB, ratio 1.000",
      "",
    ].join("\n"),
  );
});

test("drawMemory(plan) of nothing says that nothing is needed", () => {
  expect(drawMemory(planMemory([]))).toBe("arena 0.0 MiB, lower bound 0.0 MiB, ratio 1.000\n");
});
