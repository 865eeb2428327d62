// A process may end while oneDNN computes, as at a second Ctrl-C: its status is the one that it ended with, not a segmentation fault's.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { openOneDnn } from "./onednn.fixture.ts";

const engine = await openOneDnn();
if (typeof engine !== "string") await engine.dispose();
const child = fileURLToPath(new URL("./exit.child.js", import.meta.url));

test.skipIf(typeof engine === "string")("a process that exits in the middle of a run ends as it says", async () => {
  for (let times = 0; times < 6; times++) {
    // Rejected for any status but 0, and for a signal.
    await expect(promisify(execFile)(process.execPath, [child])).resolves.toEqual({ stdout: "", stderr: "" });
  }
});
