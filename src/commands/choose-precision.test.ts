import { describe, expect, test } from "vitest";
import { checkPrecision, precisionOf } from "./choose-precision.ts";
import type { CommandEvent } from "./events.ts";

describe("precisionOf(dtype)", () => {
  test("is f32 by default, and what is asked for", () => {
    expect(precisionOf()).toBe("f32");
    expect(precisionOf("bf16")).toBe("bf16");
  });
  test("refuses other types, with the nearest", () => {
    expect(() => precisionOf("f16")).toThrow('--dtype should be "f32" or "bf16" but is "f16"; did you mean "bf16"?');
    expect(() => precisionOf("double")).toThrow('--dtype should be "f32" or "bf16" but is "double"');
  });
});

describe("checkPrecision(precision, engine, environment)", () => {
  const told = (bf16: "fast" | "slow" | "none"): readonly CommandEvent[] => {
    const events: CommandEvent[] = [];
    checkPrecision("bf16", { name: "onednn", bf16, int8: false }, { onEvent: (event) => events.push(event) });
    return events;
  };
  test("says nothing where bf16 is fast, nor about f32", () => {
    expect(told("fast")).toEqual([]);
    expect(checkPrecision("f32", { name: "onednn", bf16: "none", int8: false }, { onEvent: () => {} })).toBeUndefined();
  });
  test("warns where bf16 is computed in f32 and converted", () => {
    const message =
      "this processor has no instructions for bf16: the engine onednn computes in f32 and converts, which saves memory but takes longer than --dtype f32";
    expect(told("slow")).toEqual([{ event: "warning", message }]);
  });
  test("refuses where there is none", () => {
    expect(() => told("none")).toThrow(
      "--dtype bf16: the engine onednn computes in bf16 only on processors with AVX-512, which this one lacks; take --dtype f32",
    );
  });
  test("refuses quantised weights where the engine has no bytes", () => {
    const quantization = { ranges: {}, filterScales: {} };
    const check = (int8: boolean) =>
      checkPrecision(quantization, { name: "onednn", bf16: "fast", int8 }, { onEvent: () => {} });
    expect(check(true)).toBeUndefined();
    expect(() => check(false)).toThrow(
      "the weights are quantised: the engine onednn computes on bytes only with AVX-512's instructions for them (VNNI), which this processor lacks; take the weights in f32 that these were made from, or --engine reference",
    );
  });
});
