// The formats that weights are written in, told by a file's extension, and what of a container each can't carry.
import { npzParts } from "./numpy/npz.ts";
import { tensorParts } from "./safetensors.ts";
import type { StoredFloat } from "./stored-elements.ts";
import type { TensorContainer } from "./tensor-container.ts";
import { torchParts } from "./torch/torch-parts.ts";

export type WrittenFormat = "safetensors" | "pytorch" | "npz";

interface Writer {
  readonly extensions: readonly string[];
  /** Whether the format has a place for texts such as spec, class names and preprocessing. */
  readonly carriesMetadata: boolean;
  /** The file in pieces that are to be written one after another. */
  readonly parts: (container: TensorContainer, floats: StoredFloat) => readonly Uint8Array[];
}

export const writers: { readonly [F in WrittenFormat]: Writer } = {
  safetensors: { extensions: [".safetensors"], carriesMetadata: true, parts: tensorParts },
  pytorch: {
    extensions: [".pth", ".pt", ".th"],
    carriesMetadata: false,
    parts: ({ tensors }, floats) => torchParts(tensors, floats),
  },
  npz: { extensions: [".npz"], carriesMetadata: false, parts: ({ tensors }, floats) => npzParts(tensors, floats) },
};

const formats = ["safetensors", "pytorch", "npz"] as const satisfies readonly WrittenFormat[];

/** Every extension that weights are written under. */
export const writtenExtensions: readonly string[] = formats.flatMap((format) => writers[format].extensions);

/** The format that a file's name asks for; null for another extension. */
export const formatForPath = (path: string): WrittenFormat | null => {
  const lower = path.toLowerCase();
  return formats.find((format) => writers[format].extensions.some((end) => lower.endsWith(end))) ?? null;
};

/** Keys of the metadata that a format has no place for. */
export const lostMetadata = ({ metadata }: TensorContainer, format: WrittenFormat): readonly string[] =>
  writers[format].carriesMetadata ? [] : Object.keys(metadata);
