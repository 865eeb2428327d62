// A restricted unpickler: a stack machine that knows the opcodes which a pickle of tensors needs, and the names of torch-globals.ts.
// Anything else is refused by name, with the byte. It calls nothing, it doesn't recurse, and what it allocates is bounded: each object
// takes at least a byte of the file, and there are at most a million. Opcodes: Lib/pickletools.py of Python.
import { machineOf, pickleLimits } from "./machine.ts";
import { opcodeNames, opcodes } from "./opcodes.ts";
import type { PickleValue, StorageReference } from "./pickle-values.ts";

export interface Unpickled {
  readonly value: PickleValue;
  /** Every storage that it names, by key, whichever of its values they belong to. */
  readonly storages: ReadonlyMap<string, StorageReference>;
  /** The byte after the pickle. */
  readonly end: number;
}

/**
 * Reads the pickle that starts at byte `start` of `bytes`. Errors call the bytes `file`, and count from `fileOffset`, where in the
 * file they begin. Throws FormatError for what is damaged, and for what is not allowed: it names opcode or class.
 */
export const unpickle = (bytes: Uint8Array, start: number, file: string, fileOffset: number): Unpickled => {
  const machine = machineOf(bytes, start, file, fileOffset);
  while (machine.result === undefined) {
    machine.opcodeAt = machine.at;
    if (machine.at - start > pickleLimits.bytes) machine.refuse(`the pickle has more than ${pickleLimits.bytes} bytes`);
    const code = machine.u8();
    const run = opcodes.get(code);
    if (run === undefined) {
      const name = opcodeNames.get(code) ?? `0x${code.toString(16).padStart(2, "0")}`;
      machine.refuse(`the pickle has the opcode ${name}, which no file of tensors needs`);
    } else run(machine);
  }
  return { value: machine.result, storages: machine.storages, end: machine.at };
};
