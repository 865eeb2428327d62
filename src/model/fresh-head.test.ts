import { describe, expect, test } from "vitest";
import { resnet } from "../spec/named-networks.ts";
import { headParameters, withFreshHead } from "./fresh-head.ts";
import { initialTensors } from "./initial-tensors.ts";
import { matchTensors } from "./match-tensors.ts";

const spec = resnet(20);

describe("withFreshHead(model, classes, seed)", () => {
  test("keeps the body's very tensors and begins the head as a network of that seed does", () => {
    const tensors = initialTensors(spec, 1);
    const changed = withFreshHead({ spec, tensors }, 5, 7);
    expect(changed.spec).toEqual({ ...spec, classes: 5 });
    const asFresh = initialTensors(changed.spec, 7);
    for (const [name, tensor] of matchTensors(changed.spec, changed.tensors, "changed")) {
      if (headParameters(spec).has(name)) expect(tensor).toEqual(asFresh.get(name));
      else expect(tensor.data).toBe(tensors.get(name)?.data);
    }
    expect(changed.tensors.get("fc.weight")?.shape).toEqual([5, 64]);
  });
});

describe("headParameters(spec)", () => {
  test("are the last dense layer's", () => {
    expect([...headParameters(spec)]).toEqual(["fc.weight", "fc.bias"]);
  });
});
