// What the engine says of bytes on processors that this machine's stands for: oneDNN is told to use no more than their instructions.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { openOneDnn } from "./onednn.fixture.ts";

const engine = await openOneDnn();
const child = fileURLToPath(new URL("./int8-support.child.js", import.meta.url));

const askedOn = async (instructions: string): Promise<{ readonly int8: boolean; readonly answer: string }> => {
  const env = { ...process.env, DNNL_MAX_CPU_ISA: instructions };
  const { stdout } = await promisify(execFile)(process.execPath, [child], { env });
  return JSON.parse(stdout);
};

const unlimited = typeof engine === "string" ? engine : (await askedOn("ALL")).answer;

describe.skipIf(typeof engine === "string")("int8 on the oneDNN engine", () => {
  if (typeof engine === "string") return;
  beforeAll(() => engine.dispose());

  // Without VNNI, products of bytes are added in pairs to 16 bits, which cut large ones off: other numbers, without a word.
  test.each(["AVX2", "AVX512_CORE"])(
    "is refused on %s, with the node and the remedy",
    { timeout: 60_000 },
    async (isa) => {
      expect(await askedOn(isa)).toEqual({
        int8: false,
        answer:
          "UnsupportedError: conv: the engine onednn can't do this: it computes on bytes only with AVX-512's instructions for them " +
          "(VNNI), which this processor lacks; take the weights in f32 that these were made from, or --engine reference",
      });
    },
  );

  test.skipIf(unlimited.startsWith("UnsupportedError"))("is right with VNNI", { timeout: 60_000 }, async () => {
    expect(unlimited).toBe("right");
    expect(await askedOn("AVX512_CORE_VNNI")).toEqual({ int8: true, answer: "right" });
  });
});
