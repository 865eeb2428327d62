// ONNX files. A row of graph-formats.ts.
import { FormatError, UsageError } from "../../base/errors.ts";
import { writeFileAtomically } from "../../checkpoint/node/atomic-file.ts";
import { withFile } from "../../checkpoint/node/read-file.ts";
import { readOnnx, writeOnnx } from "../../exchange/onnx/onnx.ts";
import { startsAsOnnx } from "../../exchange/onnx/starts-as-onnx.ts";
import type { GraphFormat } from "./graph-format.ts";

/** Protobuf's limit. */
const maxBytes = 2 ** 31 - 1;

export const onnxFormat = {
  name: "onnx",
  found: "an ONNX model",
  endings: [".onnx"],
  startsSo: startsAsOnnx,
  read: (file) =>
    withFile(file, async ({ bytes, read }) => {
      if (bytes > maxBytes) throw new FormatError(file, `has ${bytes} bytes; an ONNX model ends at 2 GiB`);
      return readOnnx(await read(0, bytes), file);
    }),
  write: (path, { spec, tensors, metadata, floats, onnx = {} }) => {
    if (floats !== "f32") throw new UsageError(`an ONNX model is written in f32, not ${floats}; leave out --floats`);
    return writeFileAtomically(path, writeOnnx(spec, tensors, { ...onnx, metadata }));
  },
} as const satisfies GraphFormat;
