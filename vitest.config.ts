// Tests run on what is shipped: the compiled JavaScript in dist/ (worker threads load their files from there as well).
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["dist/src/**/*.test.js", "dist/test/**/*.test.js", "dist/tools/**/*.test.js", "dist/bench/**/*.test.js"],
    // One process a file: a native library and its OpenMP team belong to one file alone.
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
