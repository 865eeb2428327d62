// Whether decoders and the engine take turns on the cores, or work side by side. A step's threads wait for the slowest of them at each
// node: a decoder that takes one core for its turn keeps the others waiting too, and costs nearly twice its time on two cores. Where the
// engine has all cores, decoders therefore work only while it waits for a batch, and then on all of them. Where it leaves a core free,
// they have that one. Where cores are more than decoders, most would stand idle while the engine waits, and they work beside it.

export interface CoreUse {
  /** Threads with which the engine computes; 0 where it computes elsewhere. */
  readonly engineThreads: number;
  /** Cores that this process may use. */
  readonly cores: number;
}

/** Pictures that are decoded at the same time at most: by as many threads as libuv's pool has, and as there are workers by default. */
export const mostDecoders = 4;

/** Whether the loader of an engine's batches should take turns with it. */
export const takesTurns = ({ engineThreads, cores }: CoreUse): boolean =>
  engineThreads >= cores && cores <= mostDecoders;
