// What a weights file of any format is, once read: named tensors and free text.
import type { NamedTensors } from "../base/tensor.ts";

/** Tensors by name, and free text by key. */
export interface TensorContainer {
  readonly tensors: NamedTensors;
  readonly metadata: Readonly<Record<string, string>>;
}
