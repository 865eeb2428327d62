import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { fixturesFolder, readFixtureBytes, readManifest } from "./fixtures.ts";
import { formulaVersion } from "./formula.ts";

const manifest = readManifest();

test("the fixtures are those that the manifest names, byte for byte, and at most 150 kB each", () => {
  for (const [file, sha256] of Object.entries(manifest.files)) {
    const bytes = readFixtureBytes(file);
    expect(createHash("sha256").update(bytes).digest("hex"), file).toBe(sha256);
    expect(bytes.length, file).toBeLessThanOrEqual(150_000);
  }
});

test("the manifest names every golden", () => {
  const files = readdirSync(fixturesFolder).filter((file) => file.endsWith(".golden.json"));
  expect(Object.keys(manifest.files)).toEqual(files.sort());
});

test("the manifest says by what the fixtures were made", () => {
  expect(manifest.formulaVersion).toBe(formulaVersion);
  expect(manifest.command).toBe(`python3 tools/goldens/make.py --date ${manifest.date}`);
  expect(manifest.versions.torch).toMatch(/^1\.13\./);
  expect(manifest.versions.torchvision).toMatch(/^0\.14\./);
});
