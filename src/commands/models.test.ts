import { describe, expect, test } from "vitest";
import { models } from "./models.ts";

describe("models()", () => {
  test("lists every named network with its counts", () => {
    const all = models();
    expect(all.length).toBe(102);
    expect(all.find(({ name }) => name === "resnet20")).toEqual({
      name: "resnet20",
      family: "CIFAR ResNet",
      parameters: 269_722,
      macs: 40_551_040,
      input: [3, 32, 32],
      classes: 10,
    });
    expect(all.find(({ name }) => name === "resnet50")).toMatchObject({
      family: "ResNet v1.5",
      parameters: 25_557_032,
    });
  });
});
