import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { UsageError } from "../../base/errors.ts";
import { checkPictureName, writePicture } from "./write-picture.ts";

test("checkPictureName(file) takes .svg and .png alone", () => {
  for (const file of ["a.svg", "b.PNG"]) expect(() => checkPictureName(file)).not.toThrow();
  expect(() => checkPictureName("a.jpg")).toThrow(UsageError);
  expect(() => checkPictureName("a.jpg")).toThrow(
    '--picture should name a file that ends in .svg or .png but is "a.jpg"',
  );
});

test("writePicture(picture, file, cwd) writes what the name says", async () => {
  const folder = await mkdtemp(join(tmpdir(), "picture-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const text = '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="3"><rect width="4" height="3"/></svg>';
  const picture = { width: 4, height: 3, text };
  expect(await writePicture(picture, "p.svg", folder)).toBe(join(folder, "p.svg"));
  expect(await readFile(join(folder, "p.svg"), "utf8")).toBe(`${text}\n`);
  const png = await readFile(await writePicture(picture, "p.png", folder));
  expect(png.subarray(1, 4).toString()).toBe("PNG");
  expect(png.readUInt32BE(16)).toBe(8); // twice the nominal width
  await expect(writePicture(picture, "gone/p.svg", folder)).rejects.toThrow(
    new UsageError(
      `can't write ${join(folder, "gone/p.svg")} (${text.length + 1} bytes): there is no such file or directory; what was there before is untouched`,
    ),
  );
  expect((await readdir(folder)).sort()).toEqual(["p.png", "p.svg"]);
});
