// Real files in a temporary directory; a really full disk where this process may mount one, else /dev/full's answer.
import { execFileSync } from "node:child_process";
import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { allocateShared } from "../../base/dtype.ts";
import { FormatError, UsageError } from "../../base/errors.ts";
import { FileError } from "../../base/file-error.ts";
import { tensor, zeros } from "../../base/tensor.ts";
import { encodeTensors, type TensorContainer } from "../safetensors.ts";
import { type FileCalls, isTemporaryName, temporaryName, writeFileAtomically } from "./atomic-file.ts";
import { readTensorsFile, writeTensorsFile } from "./tensors-file.ts";

let directory = "";
beforeEach(async () => {
  directory = await fs.mkdtemp(join(tmpdir(), "residual-tensors-"));
});
afterEach(() => fs.rm(directory, { recursive: true, force: true }));

const container: TensorContainer = {
  tensors: new Map([["fc.bias", tensor("f32", [3], Float32Array.of(1, 2, 3))]]),
  metadata: { classes: '["a","b","c"]' },
};
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "no failure",
    (error: unknown) => error,
  );

describe("writeTensorsFile(path, container)", () => {
  test("writes what readTensorsFile(path) reads, and leaves nothing beside it", async () => {
    const path = join(directory, "m.safetensors");
    await writeTensorsFile(path, container);
    expect(await readTensorsFile(path)).toEqual(container);
    expect(new Uint8Array(await fs.readFile(path))).toEqual(encodeTensors(container));
    expect(await fs.readdir(directory)).toEqual(["m.safetensors"]);
  });

  test("replaces an existing file, and takes tensors in shared memory", async () => {
    const path = join(directory, "m.safetensors");
    await writeTensorsFile(path, container);
    const shared = tensor("f32", [2], allocateShared("f32", 2));
    shared.data.set([5, 6]);
    await writeTensorsFile(path, { tensors: new Map([["s", shared]]), metadata: {} });
    expect([...((await readTensorsFile(path)).tensors.get("s")?.data ?? [])]).toEqual([5, 6]);
  });

  test("says that the directory is missing", async () => {
    const path = join(directory, "no", "m.safetensors");
    const error = await failure(writeTensorsFile(path, container));
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toHaveProperty(
      "message",
      `can't write ${path} (${encodeTensors(container).length} bytes): there is no such file or directory; what was there before is untouched`,
    );
  });

  test("says that the path is a directory, and removes its temporary file", async () => {
    const path = join(directory, "m");
    await fs.mkdir(path);
    const error = await failure(writeTensorsFile(path, container));
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toHaveProperty("message", expect.stringContaining("it is a directory; what was there before"));
    expect(await fs.readdir(directory)).toEqual(["m"]);
  });
});

describe("writeFileAtomically(path, parts) on a full disk", () => {
  const parts = [new Uint8Array(30_000).fill(1), new Uint8Array(70_000).fill(2)];

  test.skipIf(process.platform !== "linux")(
    "keeps the old file when the system runs out of space half-way",
    async () => {
      const path = join(directory, "m");
      await fs.writeFile(path, "old");
      // Part 1 reaches the real temporary file; the second write goes to /dev/full, where the kernel answers ENOSPC.
      const full = await fs.open("/dev/full", "w");
      const calls: FileCalls = {
        ...fs,
        open: async (name, flags) => {
          const handle = await fs.open(name, flags);
          let writes = 0;
          return {
            write: (bytes, offset, length) => (writes++ === 0 ? handle : full).write(bytes, offset, length),
            sync: () => handle.sync(),
            close: () => handle.close(),
          };
        },
      };
      const error = await failure(writeFileAtomically(path, parts, calls));
      await full.close();
      expect(error).toBeInstanceOf(FileError);
      expect(error).toMatchObject({
        code: "ENOSPC",
        path,
        message: `can't write ${path} (100000 bytes): no space is left on its disk; free some, or choose another directory; what was there before is untouched`,
      });
      expect(await fs.readFile(path, "utf8")).toBe("old");
      expect(await fs.readdir(directory)).toEqual(["m"]);
    },
  );

  test("keeps the old file on a real full disk (a 64 KiB tmpfs, where mounting is allowed)", async (context) => {
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "residual-test", directory], { stdio: "ignore" });
    } catch {
      context.skip("mounting a file system takes root");
    }
    try {
      const path = join(directory, "m");
      await fs.writeFile(path, "old");
      expect(await failure(writeFileAtomically(path, parts))).toMatchObject({ code: "ENOSPC", path });
      expect(await fs.readFile(path, "utf8")).toBe("old");
      expect(await fs.readdir(directory)).toEqual(["m"]);
    } finally {
      execFileSync("umount", ["--lazy", directory]);
    }
  });
});

describe("readTensorsFile(path)", () => {
  test("says that there is no such file", async () => {
    const path = join(directory, "nothing.safetensors");
    const error = await failure(readTensorsFile(path));
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toHaveProperty("message", `can't read ${path}: there is no such file or directory`);
  });

  test("refuses what isn't a file, without waiting for a pipe's other end", async () => {
    const pipe = join(directory, "pipe");
    execFileSync("mkfifo", [pipe]);
    for (const path of [directory, pipe]) {
      expect(await failure(readTensorsFile(path))).toHaveProperty("message", `can't read ${path}: it is not a file`);
    }
  });

  test("refuses a terabyte of nothing before it takes memory for it", async () => {
    const path = join(directory, "sparse.safetensors");
    await writeTensorsFile(path, container);
    await fs.truncate(path, 2 ** 40);
    const before = process.memoryUsage().arrayBuffers;
    const error = await failure(readTensorsFile(path));
    expect(error).toBeInstanceOf(FormatError);
    expect(error).toHaveProperty("message", expect.stringContaining("bytes after the last tensor belong to none"));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
  });

  test("says how much memory a file beyond every memory needs", async () => {
    const path = join(directory, "huge.safetensors");
    const header = `{"a":{"dtype":"F32","shape":[${2 ** 40}],"data_offsets":[0,${2 ** 42}]}}`;
    const start = new Uint8Array(8 + header.length);
    new DataView(start.buffer).setBigUint64(0, BigInt(header.length), true);
    start.set(new TextEncoder().encode(header), 8);
    await fs.writeFile(path, start);
    await fs.truncate(path, start.length + 2 ** 42);
    const error = await failure(readTensorsFile(path));
    expect(error).toBeInstanceOf(FileError);
    expect(error).toHaveProperty("message", `can't read ${path}: it needs ${2 ** 42} bytes of memory at once`);
  });

  test("reads a 64 MiB tensor into memory once", async () => {
    const path = join(directory, "large.safetensors");
    await writeTensorsFile(path, { tensors: new Map([["w", zeros("f32", [2 ** 24])]]), metadata: {} });
    const before = process.memoryUsage().arrayBuffers;
    const { tensors } = await readTensorsFile(path);
    expect(tensors.get("w")?.data.buffer.byteLength).toBe(2 ** 26);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 26 + 2 ** 20);
  });
});

describe("temporaryName(name)", () => {
  test("is recognised by isTemporaryName(name), which takes no other name for one", () => {
    expect(isTemporaryName(temporaryName("120"))).toBe(true);
    expect(temporaryName("a")).not.toBe(temporaryName("a"));
    for (const name of ["120", "model.safetensors", ".hidden", "x.partial"]) expect(isTemporaryName(name)).toBe(false);
  });
});
