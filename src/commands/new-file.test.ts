// Where a file can't be written, before anything is computed for it.
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { UsageError } from "../base/errors.ts";
import { newFile } from "./new-file.ts";

let cwd = "";
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "residual-new-file-"));
  await writeFile(join(cwd, "taken"), "mine");
  await symlink("loop", join(cwd, "loop"));
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

test("gives the absolute path of a free name, a folder's as well", async () => {
  expect(await newFile("a.npz", cwd)).toBe(join(cwd, "a.npz"));
  expect(await newFile("a/", cwd)).toBe(join(cwd, "a"));
});

const remedy = "name a directory that exists and that you may write to";
test.each([
  ["taken", "@ exists already; choose another file, or remove it first"],
  ["gone/a.npz", `can't write @: there is no such file or directory; ${remedy}`],
  ["taken/a.npz", `can't write @: a part of the path is a file, not a directory; ${remedy}`],
  ["loop/a.npz", `can't write @: its symbolic links go round in a circle; ${remedy}`],
])("refuses %s", async (file, message) => {
  await expect(newFile(file, cwd)).rejects.toThrow(new UsageError(message.replace("@", join(cwd, file))));
});
