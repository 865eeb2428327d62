import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { extractedPackageFolder, fontConfigFile } from "../base/cache-folder.ts";
import { type FontPlaces, findFonts, fontConfiguration } from "./fonts.ts";

let folder: string;
let places: FontPlaces;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "residual-fonts-"));
  places = {
    cacheFolder: `${folder}/cache`,
    homeFolder: `${folder}/home`,
    system: true,
    platform: "linux",
    ownConfiguration: null,
    systemFolders: { fonts: [`${folder}/system`], configuration: `${folder}/fonts.conf` },
  };
});
afterEach(() => rmSync(folder, { recursive: true }));

function put(path: string): void {
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, "x");
}

describe("findFonts(places)", () => {
  it("finds nothing on a machine without fonts, and none in a folder that holds other files", () => {
    expect(findFonts(places)).toBeNull();
    put(`${folder}/fonts.conf`);
    put(`${folder}/system/README`);
    expect(findFonts(places)).toBeNull();
  });

  it("finds a system font in any depth, where fontconfig is configured", () => {
    put(`${folder}/system/truetype/dejavu/DejaVuSans.ttf`);
    expect(findFonts(places)).toBeNull();
    put(`${folder}/fonts.conf`);
    expect(findFonts(places)).toEqual({ found: `${folder}/system`, configFile: null });
    expect(findFonts({ ...places, system: false })).toBeNull();
  });

  it("finds the person's own fonts", () => {
    put(`${folder}/fonts.conf`);
    put(`${folder}/home/.local/share/fonts/Mine.OTF`);
    expect(findFonts(places)?.found).toBe(`${folder}/home/.local/share/fonts`);
  });

  it("finds the font that set-up extracted, with the file that fontconfig must be told of", () => {
    const extracted = extractedPackageFolder(places.cacheFolder, "fonts-dejavu-core");
    put(`${extracted}/usr/share/fonts/truetype/DejaVuSans.ttf`);
    expect(findFonts(places)).toBeNull();
    put(fontConfigFile(places.cacheFolder));
    expect(findFonts(places)).toEqual({ found: extracted, configFile: fontConfigFile(places.cacheFolder) });
  });

  it("trusts a configuration of the person's own, and other systems than Linux", () => {
    expect(findFonts({ ...places, ownConfiguration: "/mine/fonts.conf" })).toEqual({
      found: "/mine/fonts.conf",
      configFile: null,
    });
    expect(findFonts({ ...places, platform: "darwin" })).toEqual({ found: "the system's fonts", configFile: null });
  });
});

it("fontConfiguration(fontFolder, fontCacheFolder) escapes what XML would misread", () => {
  expect(fontConfiguration("/a & b/<fonts>", "/c")).toContain("<dir>/a &amp; b/&lt;fonts></dir>");
});
