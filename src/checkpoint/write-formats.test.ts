import { expect, test } from "vitest";
import { formatForPath, lostMetadata } from "./write-formats.ts";

test("formatForPath(path) goes by the extension, in any case", () => {
  const names = ["a.safetensors", "b.PTH", "c.pt", "x.safetensors/d.th", "e.npz"];
  expect(names.map(formatForPath)).toEqual(["safetensors", "pytorch", "pytorch", "pytorch", "npz"]);
});

test("formatForPath(path) knows no other", () => {
  expect(["model.h5", "safetensors", "folder/"].map(formatForPath)).toEqual([null, null, null]);
});

test("lostMetadata(container, format) names what PyTorch's files and npz have no place for", () => {
  const container = { tensors: new Map(), metadata: { spec: "{}", classes: "[]" } };
  expect(lostMetadata(container, "safetensors")).toEqual([]);
  expect(lostMetadata(container, "pytorch")).toEqual(["spec", "classes"]);
  expect(lostMetadata(container, "npz")).toEqual(["spec", "classes"]);
});
