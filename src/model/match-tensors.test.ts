import { describe, expect, test } from "vitest";
import { FormatError } from "../base/errors.ts";
import { type HostTensor, zeros } from "../base/tensor.ts";
import { resnet } from "../spec/named-networks.ts";
import { initialTensors } from "./initial-tensors.ts";
import { matchTensors } from "./match-tensors.ts";

const spec = resnet(20);
const given = initialTensors(spec, 1);
const changed = (change: (tensors: Map<string, HostTensor>) => void): Map<string, HostTensor> => {
  const tensors = new Map(given);
  change(tensors);
  return tensors;
};
const network = "w.safetensors: these are not the weights of resnet20 for [3, 32, 32] and 10 classes";

describe("matchTensors(spec, tensors, file)", () => {
  test("returns the network's tensors in its order, without copying them", () => {
    const matched = matchTensors(spec, new Map([...given].reverse()), "w.safetensors");
    expect([...matched.keys()]).toEqual([...given.keys()]);
    expect(matched.get("fc.weight")?.data).toBe(given.get("fc.weight")?.data);
  });

  test("leaves out PyTorch's counts of batches", () => {
    const tensors = changed((all) => all.set("bn1.num_batches_tracked", zeros("i32", [])));
    expect([...matchTensors(spec, tensors, "w.safetensors").keys()]).toEqual([...given.keys()]);
  });

  test("rounds f64 to f32", () => {
    const bias = zeros("f64", [10]);
    bias.data[3] = 0.1;
    const matched = matchTensors(
      spec,
      changed((all) => all.set("fc.bias", bias)),
      "w.safetensors",
    );
    expect(matched.get("fc.bias")?.dtype).toBe("f32");
    expect(matched.get("fc.bias")?.data[3]).toBe(Math.fround(0.1));
  });

  test("refuses the weights of a deeper network, naming the first that belong to no layer", () => {
    expect(() => matchTensors(spec, initialTensors(resnet(32), 1), "w.safetensors")).toThrow(
      new FormatError(
        "w.safetensors",
        "these are not the weights of resnet20 for [3, 32, 32] and 10 classes: layer1.3.conv1.weight [16, 16, 3, 3] belongs to no layer; layer1.3.bn1.weight [16] belongs to no layer; layer1.3.bn1.bias [16] belongs to no layer; and 57 more",
      ),
    );
  });

  test("refuses other shapes, missing tensors and integers, in the network's order", () => {
    const tensors = changed((all) => {
      all.set("conv1.weight", zeros("f32", [16, 1, 3, 3]));
      all.delete("bn1.running_var");
      all.set("fc.bias", zeros("i32", [10]));
    });
    expect(() => matchTensors(spec, tensors, "w.safetensors")).toThrow(
      `${network}: conv1.weight is [16, 1, 3, 3] but should be [16, 3, 3, 3]; bn1.running_var [16] is missing; fc.bias holds integers but should hold floating-point numbers`,
    );
  });
});
