import { describe, expect, test } from "vitest";
import { countParameters } from "../spec/counts.ts";
import { resnet } from "../spec/named-networks.ts";
import { initialTensors } from "./initial-tensors.ts";
import { parameterTable } from "./parameter-table.ts";

const elements = (tensors: ReturnType<typeof initialTensors>, name: string): readonly number[] =>
  Array.from(tensors.get(name)?.data ?? []);
const meanSquare = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value * value, 0) / values.length;

describe("parameterTable(spec)", () => {
  test("gives roles, and the learned ones add up to the network's parameters", () => {
    const spec = resnet(20);
    const table = parameterTable(spec);
    const learned = table.filter(({ role }) => !role.startsWith("running"));
    expect(learned.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)).toBe(countParameters(spec));
    expect(table.slice(0, 5).map(({ role }) => role)).toEqual([
      "weight",
      "scale",
      "shift",
      "runningMean",
      "runningVariance",
    ]);
    expect(table.slice(-2).map(({ role }) => role)).toEqual(["weight", "bias"]);
  });

  test("takes He's deviation from the outgoing or the incoming channels", () => {
    const deviation = (initialisation: "he-fan-out" | "he-fan-in") =>
      parameterTable(resnet(20, { initialisation })).find(({ name }) => name === "layer2.0.conv1.weight")?.initial;
    expect(deviation("he-fan-out")).toEqual({ kind: "normal", deviation: Math.sqrt(2 / (9 * 32)) });
    expect(deviation("he-fan-in")).toEqual({ kind: "normal", deviation: Math.sqrt(2 / (9 * 16)) });
  });

  test("takes fans of grouped convolutions as torchvision does: out whole, in for one group", () => {
    const deviation = (initialisation: "he-fan-out" | "he-fan-in") =>
      parameterTable(resnet(50, { groups: 32, widthPerGroup: 4, initialisation })).find(
        ({ name }) => name === "layer1.0.conv2.weight",
      );
    expect(deviation("he-fan-out")?.shape).toEqual([128, 4, 3, 3]);
    expect(deviation("he-fan-out")?.initial).toEqual({ kind: "normal", deviation: Math.sqrt(2 / (9 * 128)) });
    expect(deviation("he-fan-in")?.initial).toEqual({ kind: "normal", deviation: Math.sqrt(2 / (9 * 4)) });
  });
});

describe("initialTensors(spec, seed)", () => {
  const tensors = initialTensors(resnet(20), 7);

  test("has the table's tensors in its order", () => {
    const shapes = [...tensors].map(([name, { shape }]) => ({ name, shape }));
    expect(shapes).toEqual(parameterTable(resnet(20)).map(({ name, shape }) => ({ name, shape })));
  });

  test("is the same for the same seed and another for another", () => {
    expect(initialTensors(resnet(20), 7)).toEqual(tensors);
    expect(elements(initialTensors(resnet(20), 8), "conv1.weight")).not.toEqual(elements(tensors, "conv1.weight"));
  });

  test("leaves a tensor's values alone when others come or go", () => {
    const deeper = initialTensors(resnet(32, { shortcut: "B" }), 7);
    for (const name of ["conv1.weight", "layer1.2.conv2.weight", "layer3.0.conv1.weight", "fc.weight"]) {
      expect(elements(deeper, name)).toEqual(elements(tensors, name));
    }
  });

  test("gives tensors of one shape different values", () => {
    expect(elements(tensors, "layer1.0.conv1.weight")).not.toEqual(elements(tensors, "layer1.0.conv2.weight"));
  });

  test("draws convolutions from He's normal distribution, within five standard errors", () => {
    const values = elements(tensors, "layer3.2.conv2.weight"); // 36,864 values
    const variance = 2 / (9 * 64);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan(5 * Math.sqrt(variance / values.length));
    expect(Math.abs(meanSquare(values) / variance - 1)).toBeLessThan(5 * Math.sqrt(2 / values.length));
  });

  test("draws Keras' truncated normal with the same variance, and nothing beyond two deviations of the whole", () => {
    const values = elements(
      initialTensors(resnet(20, { initialisation: "he-fan-in-truncated" }), 7),
      "layer3.2.conv2.weight",
    );
    const variance = 2 / (9 * 64);
    const most = Math.max(...values.map(Math.abs));
    expect(most).toBeLessThanOrEqual((2 * Math.sqrt(variance)) / 0.8796 + 1e-7);
    expect(most).toBeGreaterThan(2 * Math.sqrt(variance)); // of 36,864 values some come near
    expect(Math.abs(meanSquare(values) / variance - 1)).toBeLessThan(5 * Math.sqrt(2 / values.length));
  });

  test("starts the biases of convolutions at 0, and those of gates as the spec says", () => {
    const modulation = { kind: "shortcut-gate", initialBias: -6 } as const;
    const started = initialTensors(resnet(20, { convolutionBias: true, modulation }), 7);
    expect(elements(started, "layer1.0.conv1.bias")).toEqual(Array(16).fill(0));
    expect(elements(started, "layer1.0.gate.bias")).toEqual(Array(16).fill(-6));
  });

  test("draws the dense layer uniformly within 1 / √inFeatures, as torch.nn.Linear", () => {
    const bound = 1 / 8; // 64 features
    const values = elements(tensors, "fc.weight"); // 640 values
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(bound);
    // x² has mean b² / 3 and variance 4b⁴ / 45 under a uniform distribution within b.
    const standardError = Math.sqrt(4 / 45 / values.length);
    expect(Math.abs(meanSquare(values) / bound ** 2 - 1 / 3)).toBeLessThan(5 * standardError);
    expect(Math.max(...elements(tensors, "fc.bias").map(Math.abs))).toBeLessThanOrEqual(bound);
    expect(new Set(elements(tensors, "fc.bias")).size).toBe(10);
  });

  test("starts batch norm as the identity on normalised values", () => {
    const expected = { weight: 1, bias: 0, running_mean: 0, running_var: 1 };
    for (const [tensor, value] of Object.entries(expected)) {
      expect(elements(tensors, `layer1.0.bn2.${tensor}`)).toEqual(Array(16).fill(value));
    }
  });

  test("starts each block as the identity when zeroLastGamma says so", () => {
    const started = initialTensors(resnet(50, { zeroLastGamma: true, input: [3, 64, 64] }), 1);
    const scales = ["bn1", "bn2", "bn3", "downsample.1"].map((l) => elements(started, `layer1.0.${l}.weight`)[0]);
    expect(scales).toEqual([1, 1, 0, 1]);
    expect(elements(started, "bn1.weight")[0]).toBe(1);
  });
});
