// A format of weights that describes the whole network as a graph, as Keras' does: what a row of graph-formats.ts holds.
import type { NamedTensors } from "../../base/tensor.ts";
import type { StoredFloat } from "../../checkpoint/stored-elements.ts";
import type { SourceGraph } from "../../exchange/structure/source-graph.ts";
import type { ResNetSpec } from "../../spec/spec.ts";

/** What a file of such a format holds. */
export interface ReadGraph {
  /** As the file has it; exchange's recogniseNetwork makes a spec and tensors of it. */
  readonly graph: SourceGraph;
  /** `spec`, `classes` and `preprocessing` as JSON texts, where we wrote the file. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** What is written: all of a model. */
export interface WrittenNetwork {
  readonly spec: ResNetSpec;
  /** Parameters and running statistics, f32, under torchvision's names. */
  readonly tensors: NamedTensors;
  readonly metadata: Readonly<Record<string, string>>;
  /** What numbers are stored as. */
  readonly floats: StoredFloat;
}

export interface GraphFormat {
  /** As documents have it: "keras". */
  readonly name: string;
  /** For people: "a Keras model (tfjs layers)". */
  readonly found: string;
  /** How names end under which it is written: ".onnx"; a folder's ends in "/". */
  readonly endings: readonly string[];
  /** Whether a file that starts with these bytes is one: `recognitionBytes` of them, fewer of a shorter file. */
  readonly startsSo: (start: Uint8Array) => boolean;
  /** Throws UsageError (no such file …), FormatError (damaged, no network of ours …), FileError (the disk failed). */
  readonly read: (file: string) => Promise<ReadGraph>;
  /** Writes a new one, whole or not at all. Throws UsageError where the format can't say what the network is, FileError. */
  readonly write: (path: string, network: WrittenNetwork) => Promise<void>;
}
