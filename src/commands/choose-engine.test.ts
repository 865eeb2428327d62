import { expect, test } from "vitest";
import { UsageError } from "../base/errors.ts";
import { convolutionOf } from "./choose-engine.ts";

test("convolutionOf(options, usual) takes what is asked for, or else what is usual", () => {
  expect(convolutionOf({}, "auto")).toBe("auto");
  expect(convolutionOf({ convolution: "direct" }, "auto")).toBe("direct");
  expect(convolutionOf({ convolution: "auto" }, "direct")).toBe("auto");
});

test("convolutionOf(options, usual) refuses an algorithm that there isn't", () => {
  expect(() => convolutionOf({ convolution: "winograd" }, "direct")).toThrow(
    new UsageError('--convolution should be "direct" or "auto" but is "winograd"'),
  );
});
