// Quantisation as a command, on a made-up machine.
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FormatError, UsageError } from "../base/errors.ts";
import { tensor } from "../base/tensor.ts";
import { readTensorsFile, writeTensorsFile } from "../checkpoint/node/tensors-file.ts";
import type { Engine } from "../engine/contract.ts";
import { convert } from "./convert.ts";
import { madeUpEnvironment, syntheticData, tinySpec } from "./environment.test.fixture.ts";
import { evaluate } from "./evaluate.ts";
import type { CommandEvent } from "./events.ts";
import { calibrationImages } from "./quantize/calibration-images.ts";
import { type QuantizeOptions, quantize } from "./quantize.ts";

let cwd = "";
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "residual-quantize-"));
  await writeFile(join(cwd, "tiny.json"), JSON.stringify(tinySpec(3)));
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

const quantized = (options: Partial<QuantizeOptions>, events: CommandEvent[] = []) =>
  quantize(
    {
      ...(options.weights === undefined && { seed: 1 }),
      ...{ weights: "tiny.json", out: "out.safetensors", calibrate: "synthetic" },
      ...{ engine: "reference", images: 10, ...options },
    },
    madeUpEnvironment(cwd, syntheticData, events),
  );
const evaluated = (weights: string, options = {}) =>
  evaluate({ weights, data: "synthetic", engine: "reference", ...options }, madeUpEnvironment(cwd));

describe("quantize(options, environment)", () => {
  test("writes a file that evaluates to what it told, and says how often both agree", async () => {
    const events: CommandEvent[] = [];
    const { document } = await quantized({ out: "tiny.safetensors" }, events);
    const file = join(cwd, "tiny.safetensors");
    expect(document).toMatchObject({
      file,
      n: 20,
      split: "test",
      calibrationImages: 10,
      bytes: (await stat(file)).size,
    });
    expect(document.agreement).toBeGreaterThanOrEqual(0.9);
    const [low, high] = document.agreementInterval;
    expect(low).toBeLessThan(document.agreement);
    expect(high).toBeGreaterThanOrEqual(document.agreement);
    expect(events.filter(({ event }) => event === "calibrating")).toEqual(
      [4, 8, 10].map((images) => ({ event: "calibrating", images, ofImages: 10 })),
    );

    const { tensors, metadata } = await readTensorsFile(file);
    expect(Object.keys(metadata).sort()).toEqual(["preprocessing", "quantization", "spec"]);
    expect(tensors.get("conv1.weight")).toMatchObject({ dtype: "i8", shape: [4, 1, 3, 3] });
    expect(tensors.get("conv1.weight.scale")).toMatchObject({ dtype: "f32", shape: [4] });
    expect(tensors.get("fc.weight")?.dtype).toBe("f32");
    expect((await evaluated("tiny.safetensors")).document.top1).toBe(document.top1?.int8);
  });

  test("is refused at once where the engine has no bytes", async () => {
    const events: CommandEvent[] = [];
    const environment = madeUpEnvironment(cwd, syntheticData, events);
    const openEngine: typeof environment.openEngine = async (...words) => {
      const { engine, version } = await environment.openEngine(...words);
      const withoutBytes: Engine = {
        ...{ name: "onednn", fusions: engine.fusions, bf16: engine.bf16, int8: false, threads: 1 },
        createState: (tensors) => engine.createState(tensors),
        compile: (plan, state) => engine.compile(plan, state),
        dispose: () => engine.dispose(),
      };
      return { engine: withoutBytes, version };
    };
    const options = { weights: "tiny.json", seed: 1, out: "none.safetensors", calibrate: "synthetic" } as const;
    await expect(quantize({ ...options, engine: "reference" }, { ...environment, openEngine })).rejects.toThrow(
      new UsageError(
        "what is quantised is compared with what it was made from: the engine onednn computes on bytes only with AVX-512's instructions for them (VNNI), which this processor lacks; quantise on another processor, or --engine reference",
      ),
    );
    expect(events.filter(({ event }) => event === "calibrating")).toEqual([]);
    expect(await readdir(cwd)).not.toContain("none.safetensors");
  });

  test("its files are refused where f32 is needed, each in one sentence", async () => {
    await quantized({ out: "bytes.safetensors" });
    const weights = "bytes.safetensors";
    const refused = (purpose: string) =>
      new UsageError(
        `${weights} is quantised: its weights are bytes, from which nobody can ${purpose}; take those it was made from`,
      );
    await expect(quantized({ weights, out: "twice.safetensors" })).rejects.toThrow(refused("quantise again"));
    await expect(evaluated(weights, { reestimateStatistics: true })).rejects.toThrow(refused("estimate statistics"));
    await expect(evaluated(weights, { dtype: "bf16" })).rejects.toThrow(
      new UsageError("the weights are quantised, so --dtype bf16 can't be had of them; leave it out"),
    );
    await expect(evaluated(weights, { model: "tiny.json" })).rejects.toThrow(
      new UsageError(`${join(cwd, weights)} is quantised and says which network it is of; leave out --model`),
    );
    await expect(convert(weights, "a.npz", { cwd, cacheFolder: cwd }, {})).rejects.toThrow(
      new UsageError(`${weights} is quantised, and no other format holds that; convert the weights it was made from`),
    );
    await expect(evaluated("tiny.json", { seed: 1, dtype: "int8" })).rejects.toThrow(
      new UsageError(
        "--dtype int8 is for bench; other commands compute so with quantised weights: residual quantize <weights> <out> --calibrate <data>",
      ),
    );
  });

  test("damaged files are refused by the tensor that is wrong", async () => {
    await quantized({ out: "whole.safetensors" });
    const { tensors, metadata } = await readTensorsFile(join(cwd, "whole.safetensors"));
    const without = (name: string) => new Map([...tensors].filter(([each]) => each !== name));
    const changed = (name: string, element: number) => {
      const { shape, data } = tensors.get(name) ?? { shape: [], data: [] };
      return new Map([...tensors, [name, tensor("f32", shape, Float32Array.from(data).fill(element, 1, 2))] as const]);
    };
    const [scale, bias] = ["conv1.weight.scale", "conv1.bias"] as const;
    const asBytes = new Map([...tensors, [scale, tensor("i8", [4], Int8Array.of(1, 1, 1, 1))] as const]);
    const file = join(cwd, "damaged.safetensors");
    const cases: readonly (readonly [Parameters<typeof writeTensorsFile>[1], string])[] = [
      [
        { tensors: without("conv1.weight.scale"), metadata },
        "has no tensor conv1.weight.scale, which a quantised tiny has",
      ],
      [
        { tensors, metadata: { ...metadata, quantization: '{"ranges":{}}' } },
        "is no quantised tiny: internal error: the quantisation has no range for images",
      ],
      ...[Number.NaN, Number.POSITIVE_INFINITY, 0, -0.25].map(
        (wrong) =>
          [
            { tensors: changed(scale, wrong), metadata },
            `its tensor conv1.weight.scale holds ${wrong} (number 1), but what a level is worth is above 0`,
          ] as const,
      ),
      [{ tensors: asBytes, metadata }, "its tensor conv1.weight.scale is i8, but f32 in a quantised network"],
      ...[Number.NaN, Number.NEGATIVE_INFINITY].map(
        (wrong) =>
          [
            { tensors: changed(bias, wrong), metadata },
            `its tensor conv1.bias holds ${wrong} (number 1); it should be finite`,
          ] as const,
      ),
    ];
    for (const [container, problem] of cases) {
      await writeTensorsFile(file, container);
      const error = await evaluated("damaged.safetensors").catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(FormatError);
      expect(String(error)).toContain(problem);
    }
  });

  test("refuses words that make no sense before anything is computed", async () => {
    for (const [options, message] of [
      [{ images: 0 }, "--images should be a whole number of at least 1 but is 0"],
      [{ out: "a.npz" }, "quantised weights are written as safetensors, so a.npz should end in .safetensors"],
      [{ split: "train" }, "--split train was measured on; take test or validation"],
    ] as const) {
      const events: CommandEvent[] = [];
      await expect(quantized(options, events)).rejects.toThrow(new UsageError(message));
      expect(events).toEqual([]);
    }
  });
});

test("calibrationImages(of, wanted) are spread over all of a split", () => {
  expect(calibrationImages(10, 4)).toEqual([0, 2, 5, 7]);
  expect(calibrationImages(3, 4)).toEqual([0, 1, 2]);
});
