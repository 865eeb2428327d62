// What this process may use of the machine, asked of the system.
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, freemem, totalmem } from "node:os";
import { type Machine, measureMachine } from "../src/commands/machine.ts";

const textOrNull = (path: string): string | null => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
};

export const thisMachine = (): Machine =>
  measureMachine({
    readText: textOrNull,
    parallelism: availableParallelism(),
    totalBytes: totalmem(),
    freeBytes: freemem(),
    cpu: cpus()[0]?.model ?? "unknown",
  });
