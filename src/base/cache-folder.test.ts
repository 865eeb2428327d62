import { expect, it } from "vitest";
import { cacheFolder, extractedPackageFolder, fashionMnistFolder, fontConfigFile } from "./cache-folder.ts";

it("cacheFolder(platform, home, variables) follows XDG_CACHE_HOME when it is an absolute path", () => {
  expect(cacheFolder("linux", "/home/ada", { XDG_CACHE_HOME: "/fast/cache" })).toBe("/fast/cache/residual");
  expect(cacheFolder("linux", "/home/ada", { XDG_CACHE_HOME: "cache" })).toBe("/home/ada/.cache/residual");
  expect(cacheFolder("linux", "/home/ada", { XDG_CACHE_HOME: "" })).toBe("/home/ada/.cache/residual");
  expect(cacheFolder("darwin", "/Users/ada", {})).toBe("/Users/ada/.cache/residual");
});

it("cacheFolder(platform, home, variables) is RESIDUAL_CACHE when that is given", () => {
  const variables = { RESIDUAL_CACHE: "/data/r", XDG_CACHE_HOME: "/x" };
  expect(cacheFolder("linux", "/home/ada", variables)).toBe("/data/r");
  expect(cacheFolder("linux", "/home/ada", { ...variables, RESIDUAL_CACHE: "" })).toBe("/x/residual");
});

it("cacheFolder(platform, home, variables) follows LOCALAPPDATA on Windows", () => {
  expect(cacheFolder("win32", "C:\\Users\\ada", { LOCALAPPDATA: "D:\\Local" })).toBe("D:/Local/residual");
  expect(cacheFolder("win32", "C:\\Users\\ada", {})).toBe("C:/Users/ada/AppData/Local/residual");
});

it("extracted packages, the font configuration and data sets lie in the cache folder", () => {
  expect(fashionMnistFolder("/cache/residual")).toBe("/cache/residual/fashion-mnist");
  expect(extractedPackageFolder("/cache/residual", "libdnnl2")).toBe("/cache/residual/debian/libdnnl2");
  expect(fontConfigFile("/cache/residual")).toBe("/cache/residual/debian/fonts.conf");
});
