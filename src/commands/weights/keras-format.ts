// Keras models in tfjs' form: a folder with model.json and its shards. A row of graph-formats.ts.
import { basename, dirname } from "node:path";
import { readTfjsFolder, writeTfjsFolder } from "../../checkpoint/node/tfjs-folder.ts";
import { writeKeras } from "../../exchange/keras/keras.ts";
import { readKeras } from "../../exchange/keras/read-keras.ts";
import type { GraphFormat } from "./graph-format.ts";

/** The file of a folder that says what the others are. */
export const kerasFile = "model.json";

export const kerasFormat = {
  name: "keras",
  found: "a Keras model (tfjs layers)",
  endings: ["/", `/${kerasFile}`],
  // JSON text: safetensors begins with a length, of which some of the first eight bytes are 0.
  startsSo: (start) => /^\s*\{\s*"/.test(String.fromCharCode(...start.subarray(0, 64))),
  read: async (file) => {
    const { topology, tensors, metadata } = await readTfjsFolder(file);
    return { graph: readKeras(topology, tensors, file), metadata };
  },
  write: (path, { spec, tensors, metadata, floats }) => {
    const folder = basename(path) === kerasFile ? dirname(path) : path;
    return writeTfjsFolder(folder, { ...writeKeras(spec, tensors), metadata }, floats);
  },
} as const satisfies GraphFormat;
