import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FormatError, UsageError } from "../../base/errors.ts";
import { tensor } from "../../base/tensor.ts";
import { npyHeader } from "../numpy/npy-header.ts";
import { type WrittenFormat, writers } from "../write-formats.ts";
import { zipParts } from "../zip/zip-parts.ts";
import { openTensors } from "./open-tensors.ts";

let directory = "";
beforeEach(async () => {
  directory = await fs.mkdtemp(join(tmpdir(), "residual-open-"));
});
afterEach(() => fs.rm(directory, { recursive: true, force: true }));

const container = {
  tensors: new Map([["fc.bias", tensor("f32", [3], Float32Array.of(1, 2, 3))]]),
  metadata: { classes: '["a","b","c"]' },
};
const write = async (name: string, ...parts: readonly Uint8Array[]): Promise<string> => {
  const path = join(directory, name);
  await fs.writeFile(path, Buffer.concat(parts));
  return path;
};
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

describe("openTensors(path)", () => {
  const formats: readonly (readonly [WrittenFormat, string])[] = [
    ["safetensors", "a safetensors file"],
    ["pytorch", "a PyTorch file"],
    ["npz", "numpy arrays (npz)"],
  ];
  test.each(formats)("tells %s by its content, whatever the file is called", async (format, found) => {
    const path = await write("model.bin", ...writers[format].parts(container, "f32"));
    const metadata = format === "safetensors" ? container.metadata : {};
    expect(await openTensors(path)).toEqual({ format, found, leftOut: [], tensors: container.tensors, metadata });
  });

  const padded = (start: string, at = 0) => {
    const bytes = new Uint8Array(600);
    bytes.set(
      [...start].map((c) => c.charCodeAt(0)),
      at,
    );
    return bytes;
  };
  test.each([
    [
      "HDF5",
      padded("\x89HDF\r\n"),
      "it is HDF5, as Keras writes it; export it as a tfjs layers model, or save numpy arrays",
    ],
    ["gzip", padded("\x1f\x8b"), "it is gzip; unpack it first"],
    ["tar", padded("ustar", 257), "it is a tar archive (PyTorch before 0.2 wrote such); unpack it first"],
    ["a web page", text("<!doctype html>"), "it is HTML or XML; was a web page saved instead of the file?"],
    [
      "an LFS pointer",
      text("version https://git-lfs"),
      "it is text (a Git LFS pointer?); fetch the file that it stands for",
    ],
    [
      "one array",
      npyHeader("f32", [0]),
      "it is a single numpy array; several by name, numpy.savez(file, **arrays), are read",
    ],
    ["nothing", text(""), "it is empty"],
    [
      "text",
      text("hello world"),
      "it starts with the bytes 68 65 6c 6c 6f 20 77 6f, which no format that is read does",
    ],
    [
      "another zip",
      Buffer.concat(
        zipParts([
          ["config.json", text("{}")],
          ["model.weights.h5", text("")],
        ]),
      ),
      `it is a zip, neither PyTorch's nor numpy's, of "config.json", "model.weights.h5"`,
    ],
  ])("says what it is instead: %s", async (_, bytes, instead) => {
    const path = await write("m", bytes);
    await expect(openTensors(path)).rejects.toThrow(
      new UsageError(`${path} holds no weights that can be read: ${instead}`),
    );
  });

  test("lets the reader of safetensors say what is wrong with a file of that name", async () => {
    const path = await write("m.safetensors", Uint8Array.of(200, 0, 0, 0, 0, 0, 0, 0, 0x7b));
    await expect(openTensors(path)).rejects.toThrow(
      new FormatError(path, "the header should have 200 bytes but the file ends after 9", 0),
    );
  });

  test("refuses a pickle that isn't PyTorch's, and a terabyte of zip before it takes memory for it", async () => {
    const path = await write("m.pkl", Uint8Array.of(0x80, 2, 0x4e, 0x2e));
    await expect(openTensors(path)).rejects.toThrow(
      new FormatError(path, "is a pickle, but not one that PyTorch saved", 0),
    );
    const huge = await write("huge.pth", Uint8Array.of(0x50, 0x4b, 3, 4));
    await fs.truncate(huge, 2 ** 42);
    await expect(openTensors(huge)).rejects.toThrow(`can't read ${huge}: it needs ${2 ** 42} bytes of memory at once`);
  });
});
