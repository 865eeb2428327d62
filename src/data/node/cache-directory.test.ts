import { expect, test } from "vitest";
import { cacheDirectory } from "./cache-directory.ts";

test.each([
  [{ RESIDUAL_CACHE: "/data/r", XDG_CACHE_HOME: "/x" }, "/data/r"],
  [{ XDG_CACHE_HOME: "/x" }, "/x/residual"],
  [{ XDG_CACHE_HOME: "relative" }, "/home/a/.cache/residual"],
  [{ RESIDUAL_CACHE: "", XDG_CACHE_HOME: "" }, "/home/a/.cache/residual"],
  [{}, "/home/a/.cache/residual"],
])("cacheDirectory(%j, home) is %s", (environment, expected) => {
  expect(cacheDirectory(environment, "/home/a")).toBe(expected);
});
