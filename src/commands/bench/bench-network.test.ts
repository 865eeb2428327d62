import { expect, test } from "vitest";
import { UsageError } from "../../base/errors.ts";
import { createReferenceEngine } from "../../engine/reference/engine.ts";
import { benchSpec } from "./bench-case.ts";
import { benchNetwork, checkBenchType } from "./bench-network.ts";

test("checkBenchType(options) refuses a training in int8", () => {
  expect(() => checkBenchType({ what: "train", dtype: "int8" })).toThrow(
    new UsageError("bench train: networks learn in f32 or bf16, not in int8; take bench infer --dtype int8"),
  );
  for (const dtype of ["f32", "bf16"] as const) checkBenchType({ what: "train", dtype });
  checkBenchType({ what: "infer", dtype: "int8" });
});

test("benchNetwork(engine, spec, dtype, seed) quantises fresh weights, the same for the same seed", async () => {
  const engine = await createReferenceEngine();
  const spec = benchSpec({ model: "resnet20", image: 8 });
  expect(await benchNetwork(engine, spec, "bf16", 0)).toEqual({ arithmetic: "bf16", tensors: null });
  const [one, same, other] = [
    await benchNetwork(engine, spec, "int8", 0),
    await benchNetwork(engine, spec, "int8", 0),
    await benchNetwork(engine, spec, "int8", 1),
  ];
  expect(one.tensors?.get("conv1.weight")?.dtype).toBe("i8");
  expect(same).toEqual(one);
  expect(other.arithmetic).not.toEqual(one.arithmetic);
});
