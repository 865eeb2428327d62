// The library reads memory that the garbage collector may take back: a state's tensors stay whole whenever it runs.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { openOneDnn } from "./onednn.fixture.ts";

const engine = await openOneDnn();
if (typeof engine !== "string") await engine.dispose();
const child = fileURLToPath(new URL("./state-collection.child.js", import.meta.url));

test.skipIf(typeof engine === "string")(
  "a state's tensors come back as they were written, many times over",
  async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [child]);
    expect(JSON.parse(stdout)).toEqual({ wrong: 0 });
  },
);
