import { expect, test } from "vitest";
import { UsageError } from "../base/errors.ts";
import { convolutionOf, refuseIgnored } from "./choose-engine.ts";

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

test("refuseIgnored(options) refuses what the reference engine would not heed, and nothing that it does anyway", () => {
  refuseIgnored({ engine: "onednn", threads: 4, convolution: "auto", choices: "measured" });
  refuseIgnored({ threads: 4 });
  refuseIgnored({ engine: "reference", threads: 1, convolution: "direct", choices: "rules" });
  expect(() => refuseIgnored({ engine: "reference", threads: 2, convolution: "auto" })).toThrow(
    new UsageError(
      "--engine reference computes by the definition, on one thread, so --threads 2 and --convolution auto would be ignored; leave them out",
    ),
  );
  expect(() => refuseIgnored({ engine: "reference", choices: "measured" })).toThrow(
    new UsageError(
      "--engine reference computes by the definition, on one thread, so --choices measured would be ignored; leave it out",
    ),
  );
});
