// Decoders run when nothing else wants the core. A training step keeps a thread on every core, and all of them wait for the slowest:
// a decoder that takes its turn among them costs the step its whole time on every core, one that waits for a gap costs nothing, and
// when the step itself waits for a batch, the decoders have all cores. Linux alone has priorities of single
// threads. Where the step has all cores, decoders moreover keep still while it runs (turns.ts): then what is left to this is reading files, and
// the picture that each is at when the gate shuts.
import { readlink } from "node:fs/promises";
import { constants, setPriority } from "node:os";

/** Node's own default, unless UV_THREADPOOL_SIZE says otherwise. */
const poolThreads = (): number => Number(process.env.UV_THREADPOOL_SIZE) || 4;

/** Which thread of Node's pool answers is chance: with so many questions at once, every one does soon. */
const questions = 64;
const mostRounds = 50;

/** The threads of Node's pool, in which sharp decodes: each tells its own number when the link is read in it. */
const findPoolThreads = async (): Promise<ReadonlySet<number>> => {
  const wanted = poolThreads();
  const found = new Set<number>();
  for (let round = 0; round < mostRounds && found.size < wanted; round++) {
    const links = await Promise.all(Array.from({ length: questions }, () => readlink("/proc/thread-self")));
    for (const link of links) found.add(Number(link.split("/").at(-1)));
  }
  return found;
};

/**
 * Gives the calling thread and those of Node's pool a low priority (niceness 10), and tells their number: 0 on other systems than
 * Linux, or where /proc can't be read. Beside a thread of the usual priority they have a tenth of a core. (The lowest, a seventieth,
 * would give way to the step entirely, and to whatever else the machine does: then the step would wait.) For threads that decode:
 * what they share the pool with, reading files, is nothing that a step waits for.
 */
export const lowerPriority = async (): Promise<number> => {
  if (process.platform !== "linux") return 0; // elsewhere the whole process would be meant
  try {
    const pool = await findPoolThreads();
    for (const thread of [0, ...pool]) setPriority(thread, constants.priority.PRIORITY_BELOW_NORMAL); // 0: the calling one
    return pool.size + 1;
  } catch {
    return 0; // decoding at the usual priority is only slower
  }
};
