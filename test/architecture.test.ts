// The shape of the source tree, as rules that fail with the offending line; and proof that each rule can fail.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { checkSource, folderOf, formatBreach } from "./architecture/check-source.ts";
import { longFiles, maximumLines } from "./architecture/rules.ts";

const source = fileURLToPath(new URL("../../src/", import.meta.url)); // from dist/test
const files = readdirSync(source, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .sort();

describe("src/", () => {
  it("is there to be checked", () => expect(files).toContain("base/errors.ts"));

  it("keeps the import matrix and the other rules of test/architecture/rules.ts", () => {
    const breaches = files.flatMap((file) => checkSource(file, readFileSync(source + file, "utf8"), longFiles));
    expect(breaches.map(formatBreach).join("\n")).toBe("");
  });

  it("has every file that the rules excuse for its length, and each is longer", () => {
    for (const file of Object.keys(longFiles)) {
      expect(
        readFileSync(source + file, "utf8")
          .trimEnd()
          .split("\n").length,
        file,
      ).toBeGreaterThan(maximumLines);
    }
  });
});

describe("checkSource(file, text)", () => {
  const rules = (file: string, text: string): readonly string[] => checkSource(file, text).map(({ rule }) => rule);

  it("gives file, line and text of a breach", () => {
    const breaches = checkSource(
      "graph/a.ts",
      `import { b } from "./b.ts";\n\n  import { c } from "../passes/c.ts";\n`,
    );
    expect(breaches).toEqual([
      {
        file: "graph/a.ts",
        line: 3,
        text: `import { c } from "../passes/c.ts";`,
        rule: "graph doesn't import passes",
      },
    ]);
    expect(breaches.map(formatBreach)).toEqual([
      `src/graph/a.ts:3: graph doesn't import passes\n    import { c } from "../passes/c.ts";`,
    ]);
  });

  it("sees every way to import", () => {
    const breach = ["spec doesn't import graph"];
    expect(rules("spec/a.ts", `import type { B } from "../graph/b.ts";`)).toEqual(breach);
    expect(rules("spec/a.ts", `import "../graph/b.ts";`)).toEqual(breach);
    expect(rules("spec/a.ts", `export { b } from "../graph/b.ts";`)).toEqual(breach);
    expect(rules("spec/a.ts", `export * from "../graph/b.ts";`)).toEqual(breach);
    expect(rules("spec/a.ts", `const b = await import("../graph/b.ts");`)).toEqual(breach);
    expect(rules("spec/a.ts", `type B = import("../graph/b.ts").B;`)).toEqual(breach);
    expect(rules("spec/a.ts", `new Worker(new URL("../graph/b.js", import.meta.url));`)).toEqual(breach);
    expect(rules("spec/a.ts", "const b = await import(name);")).toEqual([
      "an import names its module, so that it can be checked",
    ]);
  });

  it("keeps engines apart, and lets all import base and their contract", () => {
    expect(rules("engine/onednn/a.ts", `import "../reference/b.ts";`)).toEqual([
      "engine/onednn doesn't import engine/reference",
    ]);
    expect(rules("engine/contract.ts", `import "./onednn/b.ts";`)).toEqual(["engine doesn't import engine/onednn"]);
    expect(rules("commands/train.ts", `import "../engine/onednn/b.ts";`)).toEqual([
      "commands doesn't import engine/onednn",
    ]);
    expect(rules("engine/onednn/lower/a.ts", `import "../../contract.ts"; import "../../../base/b.ts";`)).toEqual([]);
    expect(rules("cli/main.ts", `import "../engine/onednn/engine.ts";`)).toEqual([]);
  });

  it("knows no folder that the matrix lacks", () => {
    expect(rules("misc/a.ts", `import "../graph/b.ts";`)).toEqual(["the import matrix has no folder misc"]);
  });

  it("lets tests use Node and the reference engine, not another", () => {
    expect(rules("passes/a.test.ts", `import "node:fs"; import "../engine/reference/engine.ts";`)).toEqual([]);
    expect(rules("passes/a.test.ts", `import "../engine/onednn/engine.ts";`)).toEqual([
      "passes doesn't import engine/onednn",
    ]);
    expect(rules("passes/a.test.ts", `import "../../test/conformance/cases.ts";`)).toEqual([]);
    expect(rules("passes/a.ts", `import "../../test/conformance/cases.ts";`)).toEqual([
      "passes doesn't import ../test",
    ]);
    expect(rules("passes/a.ts", `import "./b.test.fixture.ts";`)).toEqual(["only tests import test code"]);
  });

  it("keeps Node's modules to the folders that may touch the world", () => {
    expect(rules("train/a.ts", `import { readFile } from "node:fs/promises";`)).toEqual([
      "train doesn't import node:fs/promises",
    ]);
    expect(rules("data/sampler.ts", `import "node:path";`)).toEqual(["data doesn't import node:path"]);
    expect(rules("data/node/a.ts", `import "node:path";`)).toEqual([]);
    expect(rules("engine/onednn/a.ts", `import "node:worker_threads";`)).toEqual([]);
    expect(rules("engine/onednn/a.ts", `import "node:fs";`)).toEqual(["engine/onednn doesn't import node:fs"]);
  });

  it("keeps koffi to engine/onednn, tests aside", () => {
    expect(rules("commands/a.ts", `import koffi from "koffi";`)).toEqual(["only engine/onednn imports koffi"]);
    expect(rules("engine/onednn/a.ts", `import koffi from "koffi";`)).toEqual([]);
  });

  it("finds clock, environment and randomness, and not their names in texts, comments, keys and properties", () => {
    expect(rules("train/a.ts", "const t = Date.now();")).toEqual([
      "train doesn't know the clock: it is handed what it needs",
    ]);
    expect(rules("train/a.ts", "const t = new Date();")).toEqual([
      "train doesn't know the clock: it is handed what it needs",
    ]);
    expect(rules("train/a.ts", "const t = performance.now();")).toEqual([
      "train doesn't know performance: it is handed what it needs",
    ]);
    expect(rules("plan/a.ts", "if (process.env.X) {}")).toEqual([
      "plan doesn't know process: it is handed what it needs",
    ]);
    expect(rules("plan/a.ts", "const a = { process };").length).toBeGreaterThan(0);
    expect(rules("plan/a.ts", "// process\nconst a = { process: 1, b: 'process' }; a.process; new Date(0);")).toEqual(
      [],
    );
    expect(rules("cli/a.ts", "process.exit(Date.now());")).toEqual([]);
    expect(rules("cli/a.ts", "Math.random();")).toEqual(["randomness is counter-based: see base/philox.ts"]);
  });

  it("refuses any, casts of casts, and silencing the compiler", () => {
    expect(rules("base/a.ts", "let a: any;")).toEqual(["no any"]);
    expect(rules("base/a.ts", "const a = { any: 1 }; const b: Array<any> = [];")).toEqual(["no any"]);
    expect(rules("base/a.ts", "const a = 1 as unknown as string;")).toEqual(["no cast of a cast"]);
    const silenced = ["the compiler is not to be silenced"];
    for (const word of ["ignore", "expect-error", "nocheck"]) {
      expect(rules("base/a.ts", `// @ts-${word}\nlet a = 1;`)).toEqual(silenced);
    }
  });

  it("refuses a file over 300 lines, unless it is excused", () => {
    const text = "let a = 1;\n".repeat(301);
    expect(rules("base/a.ts", "let a = 1;\n".repeat(300))).toEqual([]);
    expect(rules("base/a.ts", text)).toEqual(["a file has at most 300 lines; this one has 301"]);
    expect(checkSource("base/a.ts", text, { "base/a.ts": "a table" })).toEqual([]);
  });

  it("refuses to check what it can't parse", () => {
    expect(() => checkSource("base/a.ts", "let = = 1;")).toThrow(/^base\/a\.ts doesn't parse: /);
  });
});

it("folderOf(file) is the top folder, but for engines", () => {
  expect(folderOf("data/node/loader.ts")).toBe("data");
  expect(folderOf("engine/contract.ts")).toBe("engine");
  expect(folderOf("engine/onednn/lower/a.ts")).toBe("engine/onednn");
  expect(folderOf("index.ts")).toBe("");
});
