// The protocols of evaluation against PyTorch 1.13 and torchvision 0.14 on photographs of several shapes: fixtures/protocols, made by
// tools/goldens/protocols.py. Decoding, turning as EXIF says, resizing, cropping, mirroring, moving, the network and the averaging are
// all compared at once.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { unitRoundoff } from "../../src/base/dtype.ts";
import { protocolOf } from "../../src/commands/evaluate/choose-protocol.ts";
import { evaluateModel } from "../../src/commands/evaluate/evaluate-model.ts";
import { filesSource } from "../../src/data/source.ts";
import { createOneDnnEngine } from "../../src/engine/onednn/engine.ts";
import { createReferenceEngine } from "../../src/engine/reference/engine.ts";
import { softmax } from "../../src/evaluate/cross-entropy.ts";
import { initialTensors } from "../../src/model/initial-tensors.ts";
import { parseSpec } from "../../src/spec/parse-spec.ts";
import { oneDnnOptions } from "../engine/onednn-options.ts";
import { openOrReason } from "./engines.ts";
import { stateTensor } from "./formula.ts";
import { defaultSafety, winogradSafety } from "./tolerance.ts";

const folder = fileURLToPath(new URL("../../../fixtures/", import.meta.url)); // from dist/test/golden
const golden = z
  .object({
    made: z.object({ seed: z.number() }),
    files: z.array(z.string()),
    scales: z.array(z.number()),
    protocols: z.record(z.string(), z.object({ f32Error: z.number(), logProbabilities: z.array(z.array(z.number())) })),
  })
  .parse(JSON.parse(await readFile(`${folder}protocols/protocols.golden.json`, "utf8")));

const spec = parseSpec(
  {
    name: "resnet8",
    input: [3, 32, 32],
    classes: 10,
    stem: { width: 4, kernel: 3, stride: 1, pool: null },
    stages: [
      { blocks: 1, width: 4, stride: 1 },
      { blocks: 1, width: 8, stride: 2 },
      { blocks: 1, width: 16, stride: 2 },
    ],
    block: "basic",
    shortcut: "A",
  },
  "resnet8",
);
const model = {
  spec,
  tensors: new Map(
    [...initialTensors(spec, 0)].map(([name, { shape }]) => [name, stateTensor(golden.made.seed, name, shape)]),
  ),
  classes: null,
  preprocessing: {
    size: [32, 32],
    channels: 3,
    mean: [0.485, 0.456, 0.406],
    deviation: [0.229, 0.224, 0.225],
    fit: { kind: "crop", shorterSide: 36, interpolation: "bilinear" },
  },
} as const;
const source = filesSource(folder, golden.files, [0, 1, 2, 3, 4]);
const [norm, log] = [Math.hypot, Math.log];
/** The reference engine takes seconds; a machine that many share, many times as long. */
const timeoutMs = 300_000;

/** One thread: on maps this small, two wait for one another, which takes for ever on a machine that others use. */
const engines = [
  { name: "reference", safety: defaultSafety, open: createReferenceEngine },
  {
    name: "onednn, convolutions of its own choice",
    safety: winogradSafety,
    open: () => createOneDnnEngine({ ...oneDnnOptions, threads: 1, convolution: "auto" }),
  },
];

describe.each(engines)(
  "evaluateModel(model, source, { protocol }) gives PyTorch's probabilities: $name",
  async (onEngine) => {
    const opened = await openOrReason(onEngine);
    if (typeof opened === "string") {
      test.skip(`not run: ${opened}`, () => {});
      return;
    }
    afterAll(() => opened.dispose());

    test.each([
      ["one-crop", protocolOf({ protocol: "one-crop" }), 1],
      ["one-crop mirror,shifts", protocolOf({ protocol: "one-crop", tta: "mirror,shifts" }), 10],
      ["ten-crop", protocolOf({ protocol: "ten-crop" }), 10],
      ["multi-scale", protocolOf({ protocol: "multi-scale" }), 5],
      ["multi-scale mirror", protocolOf({ protocol: "multi-scale", tta: "mirror" }), 10],
    ])(
      "%s",
      async (name, protocol, views) => {
        const expected = golden.protocols[name] ?? { f32Error: 0, logProbabilities: [] };
        const options = { split: "test", batch: 5, protocol };
        const machine = { cpu: "made up", cores: 1, memoryBytes: 2 ** 30, availableMemoryBytes: 2 ** 30 };
        const environment = { onEvent: () => {}, measureMachine: () => machine };
        const result = await evaluateModel(model, source, options, opened, environment);
        expect(result.protocol.views).toBe(views);
        expect(result.protocol.shorterSides).toEqual(name.startsWith("multi-scale") ? golden.scales : [36]);
        expect(result.broken).toEqual([]);
        const differences: number[] = [];
        for (const [image, row] of expected.logProbabilities.entries()) {
          const probabilities = softmax(result.logits.data.subarray(image * 10, (image + 1) * 10));
          for (const [label, value] of row.entries()) differences.push(log(probabilities[label]!) - value);
        }
        expect(differences).toHaveLength(50);
        // Kind 2 of tolerance.ts: the condition is measured by PyTorch's own f32. The logarithms are stored in f32 once more.
        const size = norm(...expected.logProbabilities.flat());
        const bound = onEngine.safety * Math.max(expected.f32Error, 2 * unitRoundoff.f32) * size;
        expect(norm(...differences)).toBeLessThan(bound);
      },
      timeoutMs,
    );
  },
);
