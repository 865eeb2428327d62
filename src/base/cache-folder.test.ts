import { expect, it } from "vitest";
import { cacheFolder, extractedPackageFolder, fontConfigFile } from "./cache-folder.ts";

it("cacheFolder(platform, home, variables) follows XDG_CACHE_HOME when it is an absolute path", () => {
  expect(cacheFolder("linux", "/home/ada", { XDG_CACHE_HOME: "/fast/cache" })).toBe("/fast/cache/residual");
  expect(cacheFolder("linux", "/home/ada", { XDG_CACHE_HOME: "cache" })).toBe("/home/ada/.cache/residual");
  expect(cacheFolder("linux", "/home/ada", { XDG_CACHE_HOME: "" })).toBe("/home/ada/.cache/residual");
  expect(cacheFolder("darwin", "/Users/ada", {})).toBe("/Users/ada/.cache/residual");
});

it("cacheFolder(platform, home, variables) follows LOCALAPPDATA on Windows", () => {
  expect(cacheFolder("win32", "C:\\Users\\ada", { LOCALAPPDATA: "D:\\Local" })).toBe("D:/Local/residual");
  expect(cacheFolder("win32", "C:\\Users\\ada", {})).toBe("C:/Users/ada/AppData/Local/residual");
});

it("extracted packages and the font configuration lie side by side in the cache folder", () => {
  expect(extractedPackageFolder("/cache/residual", "libdnnl2")).toBe("/cache/residual/debian/libdnnl2");
  expect(fontConfigFile("/cache/residual")).toBe("/cache/residual/debian/fonts.conf");
});
