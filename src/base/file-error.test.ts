import { describe, expect, test } from "vitest";
import { UsageError } from "./errors.ts";
import { explainFileError, FileError, systemCode } from "./file-error.ts";

const systemError = (code: string): Error => Object.assign(new Error(`${code}: as Node says it`), { code });

describe("explainFileError(error, path, action, remains)", () => {
  test.each([
    ["EACCES", "can't write m: permission denied; the old one is untouched"],
    ["EROFS", "can't write m: the file system is read-only; the old one is untouched"],
    ["ENAMETOOLONG", "can't write m: the name is too long; the old one is untouched"],
  ])("makes %s the person's to mend", (code, message) => {
    const cause = systemError(code);
    const error = explainFileError(cause, "m", "write m", "the old one is untouched");
    expect(error).toEqual(new UsageError(message));
    expect(error).toHaveProperty("cause", cause);
  });

  test.each([
    ["EDQUOT", "can't write m: the disk quota is used up; free some space, or choose another directory"],
    ["EIO", "can't write m: the disk reported an error"],
    ["ESTALE", "can't write m: the system answered ESTALE"],
  ])("makes %s the machine's failure", (code, message) => {
    const error = explainFileError(systemError(code), "m", "write m");
    expect(error).toBeInstanceOf(FileError);
    expect(error).toMatchObject({ message, code, path: "m" });
  });

  test("passes on errors that aren't the system's, and those explained already", () => {
    const other = new TypeError("no");
    const explained = new FileError("m", "EIO", "explained", null);
    expect(explainFileError(other, "m", "write m")).toBe(other);
    expect(explainFileError(explained, "m", "write m")).toBe(explained);
    expect(systemCode(other)).toBeNull();
  });
});
