// What a loader hands out, and the memory that it takes.
import { type HostTensor, sharedZeros } from "../base/tensor.ts";
import type { BrokenImage } from "./prepare.ts";
import type { Preprocessing } from "./preprocessing.ts";

/** One batch. Its tensors lie in shared memory and are valid until `release`, when the loader fills them anew. */
export interface Batch {
  /** [N, C, H, W], normalised. N is always the loader's batch; only the first `count` are images, the rest is 0. */
  readonly images: HostTensor<"f32">;
  /** [N]; 0 beyond `count`. */
  readonly labels: HostTensor<"i32">;
  /** Images in the batch: N in training, in evaluation fewer in the last batch and where images are broken. */
  readonly count: number;
  /** Which images of the source they are: `count` indices. */
  readonly indices: Int32Array;
  /** Images that should have been in it: in training others took their places, in evaluation they are left out. */
  readonly broken: readonly BrokenImage[];
  /** Epoch and step in training; 0 and the number of the batch in evaluation. */
  readonly epoch: number;
  readonly step: number;
  /** Gives the memory back. More than once does nothing. */
  release(): void;
}

/** One place of the ring. */
export interface Slot {
  readonly images: HostTensor<"f32">;
  readonly labels: HostTensor<"i32">;
}

export interface RingSize {
  readonly preprocessing: Preprocessing;
  /** Images of a batch. */
  readonly batch: number;
  /** Batches in memory at once: being prepared, ready, or in the caller's hands. */
  readonly slots: number;
}

/** Shared memory of a loader's ring, in bytes. The source's own is `sourceBytes`. */
export const loaderBytes = ({ preprocessing: { channels, size }, batch, slots }: RingSize): number =>
  slots * batch * (4 * channels * size[0] * size[1] + 4);

export const allocateSlots = ({ preprocessing: { channels, size }, batch, slots }: RingSize): readonly Slot[] =>
  Array.from({ length: slots }, () => ({
    images: sharedZeros("f32", [batch, channels, ...size]),
    labels: sharedZeros("i32", [batch]),
  }));
