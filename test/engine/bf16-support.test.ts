// What the engine says of bf16 on processors that this machine's stands for: oneDNN is told to use no more than their instructions.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { openOneDnn } from "./onednn.fixture.ts";

const engine = await openOneDnn();
const child = fileURLToPath(new URL("./bf16-support.child.js", import.meta.url));

const askedOn = async (instructions: string): Promise<{ readonly bf16: string; readonly answer: string }> => {
  const env = { ...process.env, DNNL_MAX_CPU_ISA: instructions };
  const { stdout } = await promisify(execFile)(process.execPath, [child], { env });
  return JSON.parse(stdout);
};

describe.skipIf(typeof engine === "string")("bf16 on the oneDNN engine", () => {
  if (typeof engine === "string") return;
  const fastest = engine.bf16;

  test("is refused below AVX-512, with the node and the remedy", { timeout: 60_000 }, async () => {
    await engine.dispose();
    expect(await askedOn("AVX2")).toEqual({
      bf16: "none",
      answer:
        "UnsupportedError: x.bf16: the engine onednn can't do this: oneDNN computes in bf16 only on processors with AVX-512, which this one lacks; take --dtype f32",
    });
  });

  test.skipIf(fastest === "none")("is slow and right with AVX-512 alone", { timeout: 60_000 }, async () => {
    expect(await askedOn("AVX512_CORE")).toEqual({ bf16: "slow", answer: "right" });
  });

  test.skipIf(fastest !== "fast")("is fast and right with instructions of its own", { timeout: 60_000 }, async () => {
    expect(await askedOn("ALL")).toEqual({ bf16: "fast", answer: "right" });
  });
});
