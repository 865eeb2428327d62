import { describe, expect, test } from "vitest";
import { cases } from "../../bench/cases.ts";
import { parseOptions, usage } from "../../bench/options.ts";
import { UsageError } from "../../src/base/errors.ts";

describe("parseOptions(args, cores)", () => {
  test("takes all cases but those on request, five rounds and every core by default", () => {
    const options = parseOptions([], 2);
    expect(options).toMatchObject({ rounds: 5, threads: 2, convolution: null, quick: false, out: null });
  });

  test("leaves out cases whose peers would have to be installed, unless they are asked for", () => {
    expect(parseOptions([], 2)?.cases).toEqual(
      cases.filter(({ peers }) => peers.every(({ runtime }) => runtime !== "npm")),
    );
    expect(parseOptions(["--case", "train-resnet20-f32-npm"], 2)?.cases[0]?.onRequest).toBe(true);
  });

  test("takes cases by name, and numbers", () => {
    const words = [
      "--case",
      "infer-resnet20-f32",
      "--rounds",
      "7",
      "--threads",
      "1",
      "--convolution",
      "auto",
      "--python",
      "p",
    ];
    const options = parseOptions(words, 2);
    expect(options?.cases.map(({ name }) => name)).toEqual(["infer-resnet20-f32"]);
    expect(options).toMatchObject({ rounds: 7, threads: 1, convolution: "auto", pythons: ["p"] });
  });

  test("is one round when quick, and nothing when help is asked for", () => {
    expect(parseOptions(["--quick"], 2)?.rounds).toBe(1);
    expect(parseOptions(["--quick", "--rounds", "3"], 2)?.rounds).toBe(3);
    expect(parseOptions(["--help"], 2)).toBeNull();
    for (const { name } of cases) expect(usage).toContain(name);
  });

  test("names the option that is wrong", () => {
    expect(() => parseOptions(["--rounds", "0"], 2)).toThrow(
      '--rounds should be a whole number of at least 1 but is "0"',
    );
    expect(() => parseOptions(["--threads", "two"], 2)).toThrow(
      '--threads should be a whole number of at least 1 but is "two"',
    );
    expect(() => parseOptions(["--convolution", "fast"], 2)).toThrow(
      '--convolution should be direct or auto but is "fast"',
    );
    expect(() => parseOptions(["--case", "train"], 2)).toThrow(
      'there is no case "train"; there are train-resnet20-f32',
    );
    expect(() => parseOptions(["--fast"], 2)).toThrow(UsageError);
  });
});
