import { expect, test } from "vitest";
import { UsageError } from "../../base/errors.ts";
import { writtenAs } from "./written-format.ts";

test("writtenAs(name) goes by the extension, and takes a folder's name for a Keras model", () => {
  const names = ["a.safetensors", "b.PTH", "e.npz", "out/", "out\\", "out/model.json"];
  const formats = names.map(writtenAs).map((as) => (as.kind === "tensors" ? as.format : as.format.name));
  expect(formats).toEqual(["safetensors", "pytorch", "npz", "keras", "keras", "keras"]);
});

test("writtenAs(name) lists what it knows where the name asks for something else", () => {
  expect(() => writtenAs("model.h5")).toThrow(
    new UsageError(
      "can't tell from the name model.h5 in which format to write it; known extensions are .safetensors, .pth, .pt, .th, .npz, " +
        'and a folder\'s name with "/" at its end is for a Keras model',
    ),
  );
});
