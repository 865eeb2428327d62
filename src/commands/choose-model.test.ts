// <weights> of every kind, as files in a temporary folder: what network they are said, or found, to be of.
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FormatError, UsageError } from "../base/errors.ts";
import { type NamedTensors, scalar, zeros } from "../base/tensor.ts";
import { writeFileAtomically } from "../checkpoint/node/atomic-file.ts";
import { writeTensorsFile } from "../checkpoint/node/tensors-file.ts";
import { readTfjsFolder } from "../checkpoint/node/tfjs-folder.ts";
import { type WrittenFormat, writers } from "../checkpoint/write-formats.ts";
import type { DataSetNotice } from "../data/node/data-set-options.ts";
import { fromTorchvision } from "../exchange/names/rename.ts";
import { randomNetwork } from "../exchange/structure/random-network.test.fixture.ts";
import { parameterTable } from "../model/parameter-table.ts";
import { namedSpec } from "../spec/named-networks.ts";
import type { ResNetSpec } from "../spec/spec.ts";
import { chooseModel, type WeightsOptions } from "./choose-model.ts";
import { modelMetadata, type TrainedModel } from "./trained-model.ts";
import { kerasFormat } from "./weights/keras-format.ts";

let cwd = "";
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "residual-choose-"));
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

const choose = async (weights: string, options: WeightsOptions = {}) => {
  const notices: string[] = [];
  const place = {
    cwd,
    cacheFolder: join(cwd, "cache"),
    onEvent: ({ event, message }: DataSetNotice) => notices.push(`${event}: ${message}`),
  };
  return { model: await chooseModel(weights, options, place), notices };
};
const unnamed = async (name: string, tensors: NamedTensors, format: WrittenFormat = "pytorch"): Promise<string> => {
  const path = join(cwd, name);
  await writeFileAtomically(path, writers[format].parts({ tensors, metadata: {} }, "f32"));
  return path;
};
/** Of a large network, what takes no time to make. */
const emptyNetwork = (spec: ResNetSpec): NamedTensors =>
  new Map(parameterTable(spec).map(({ name, shape }) => [name, zeros("f32", shape)]));
const small = (name: string): ResNetSpec => namedSpec(name, { input: [3, 32, 32], classes: 3 });

describe("chooseModel(weights, options, place) of a network with a seed", () => {
  test("refuses another network beside it", async () => {
    const both = choose("resnet20", { seed: 1, model: "resnet18" });
    await expect(both).rejects.toBeInstanceOf(UsageError);
    await expect(both).rejects.toThrow(
      /^--model resnet18 says which network a weights file holds, but resnet20 is a network itself; leave one out$/,
    );
  });
});

describe("chooseModel(weights, options, place) of a file that doesn't say which network it holds", () => {
  test("recognises the network by its tensors, and says so", async () => {
    const spec = namedSpec("resnet32-b", { classes: 3 });
    const tensors = randomNetwork(spec, 1);
    const file = await unnamed("m.pth", new Map([...tensors, ["bn1.num_batches_tracked", scalar("i32", 7)]]));
    const { model, notices } = await choose("m.pth");
    expect(model).toEqual({ spec, tensors, preprocessing: null, classes: null });
    expect(notices).toEqual([
      `notice: ${file}: recognised resnet32-b for [3, 32, 32] and 3 classes by its tensors, which have the names of torchvision, and timm's resnet and resnext`,
    ]);
  });

  test("says which networks have the same tensors, takes the first, and the one that is chosen", async () => {
    const tensors = emptyNetwork(namedSpec("resnet50", { classes: 3 }));
    const file = await unnamed("m.npz", tensors, "npz");
    const first = await choose("m.npz");
    expect(first.model.spec).toEqual(namedSpec("resnet50", { classes: 3 }));
    expect(first.notices).toEqual([
      `warning: ${file}: recognised resnet50 for [3, 224, 224] and 3 classes by its tensors, which have the names of torchvision, and timm's ` +
        "resnet and resnext; resnet50_v1 has the same tensors: if it is that, choose it with --model",
    ]);
    const chosen = await choose("m.npz", { model: "ResNet-50_v1" });
    expect(chosen.model.spec).toEqual(namedSpec("resnet50_v1", { classes: 3 }));
    expect(chosen.notices).toEqual([]);
  });

  test("knows where a family has its zeros, however the network was named", async () => {
    const spec = namedSpec("resnet20", { input: [1, 32, 32], classes: 3, zeroPadding: "around" });
    const tensors = fromTorchvision(randomNetwork(spec, 1), "cifar-ports");
    await unnamed("m.pth", new Map([...tensors].map(([name, value]) => [`module.${name}`, value])));
    const { model, notices } = await choose("m.pth");
    expect(model.spec).toEqual(spec);
    expect(notices[0]).toMatch(/the PyTorch ports for CIFAR; plain20 has the same tensors: if it is that, choose it/);
    expect((await choose("m.pth", { model: "resnet20" })).model.spec).toEqual(spec);
  });

  test("lists no dozens of networks with the same tensors", async () => {
    await unnamed("m.pth", emptyNetwork(namedSpec("resnet110")));
    const { notices } = await choose("m.pth");
    expect(notices[0]).toMatch(
      /recognised resnet110 for .*; resnet110-\S+, \S+, \S+ and \d more have the same tensors: if it is one of them, choose it with --model$/,
    );
  });

  test("refuses what is no named network's, and another network than the one named", async () => {
    const file = await unnamed("m.pth", new Map([...randomNetwork(small("resnet20-b"), 1)].slice(5)));
    await expect(choose("m.pth")).rejects.toThrow(
      new FormatError(
        file,
        "its 102 tensors, with 3, 3, 3 blocks, are those of no named network; name the network with --model, by a spec file if it is one of your own",
      ),
    );
    await expect(choose("m.pth", { model: "resnet32-b" })).rejects.toThrow(
      /these are not the weights of resnet32-b for/,
    );
  });
});

describe("chooseModel(weights, options, place) of a Keras model", () => {
  const spec = small("resnet20-b");
  const model: TrainedModel = {
    spec,
    tensors: randomNetwork(spec, 2),
    classes: ["a", "b", "c"],
    preprocessing: { size: [32, 32], channels: 3, mean: [0.5, 0.5, 0.5], deviation: [1, 1, 1], channelOrder: "BGR" },
  };
  const write = (metadata: Readonly<Record<string, string>>) =>
    kerasFormat.write(join(cwd, "keras"), { spec, tensors: model.tensors, metadata, floats: "f32" });

  test.each(["keras", "keras/", "keras/model.json"])("takes %s, with all that we wrote into it", async (weights) => {
    await write(modelMetadata(model));
    expect(await choose(weights)).toEqual({ model, notices: [] });
  });

  test("recognises another program's by its layers, and says so", async () => {
    await write({});
    const { model: found, notices } = await choose("keras");
    expect(found).toEqual({ ...model, classes: null, preprocessing: null });
    expect(notices).toEqual([
      `notice: ${join(cwd, "keras", "model.json")}: recognised resnet20-b for [3, 32, 32] and 3 classes by its layers; it is a Keras model (tfjs layers)`,
    ]);
    expect((await choose("keras", { model: "resnet20-b" })).notices).toEqual([]);
    await expect(choose("keras", { model: "resnet32-b" })).rejects.toThrow(
      /isn't resnet32-b: node .* where .* should be$/,
    );
  });

  test("reads weights that were quantised to bytes and to 16 bits, to within half a step", async () => {
    await write({});
    const folder = join(cwd, "keras");
    for (const [stored, top] of [
      ["uint8", 255],
      ["uint16", 65535],
    ] as const) {
      const steps = await quantise(folder, join(cwd, stored), stored, top);
      const read = (await choose(stored)).model.tensors;
      for (const [name, { data }] of model.tensors) {
        const step = Math.max(...steps); // stored · scale + min lies within half a step, and is rounded to f32 once
        const given = read.get(name)?.data ?? [];
        const apart = Array.from(data, (value, i) => Math.abs(value - (given[i] ?? Infinity)));
        expect(Math.max(...apart), name).toBeLessThanOrEqual(step / 2 + 2 ** -20);
      }
      expect(read.get("fc.weight")?.data).not.toEqual(model.tensors.get("fc.weight")?.data);
    }
  });
});

/** As tfjs' converter quantises: every weight to whole steps between its least and its greatest value. Gives the steps. */
const quantise = async (
  from: string,
  to: string,
  stored: "uint8" | "uint16",
  top: number,
): Promise<readonly number[]> => {
  const { topology, tensors } = await readTfjsFolder(join(from, "model.json"));
  const steps: number[] = [];
  const parts: Uint8Array[] = [];
  const weights = [...tensors].map(([name, { shape, data }]) => {
    const [min, max] = [Math.min(...data), Math.max(...data)];
    const scale = (max - min) / top;
    steps.push(scale);
    const whole = Array.from(data, (value) => Math.round((value - min) / scale));
    parts.push(stored === "uint8" ? Uint8Array.from(whole) : new Uint8Array(Uint16Array.from(whole).buffer));
    return { name, shape, dtype: "float32", quantization: { dtype: stored, scale, min } };
  });
  await mkdir(to);
  await writeFile(join(to, "a.bin"), Buffer.concat(parts));
  const weightsManifest = [{ paths: ["a.bin"], weights }];
  await writeFile(join(to, "model.json"), JSON.stringify({ modelTopology: topology, weightsManifest }));
  return steps;
};

describe("chooseModel(weights, options, place) of something else", () => {
  test("tells a spec from a Keras model by its content, not by its name", async () => {
    await writeFile(join(cwd, "model.json"), JSON.stringify(small("resnet20")));
    await expect(choose("model.json")).rejects.toThrow(
      new UsageError(
        "model.json is a network without weights; give a run or a weights file, or --seed for fresh weights",
      ),
    );
    expect((await choose("model.json", { seed: 1 })).model.spec).toEqual(small("resnet20"));
  });

  test("keeps what a file says of itself, and lets --model win over it", async () => {
    const model = {
      spec: small("resnet20"),
      tensors: randomNetwork(small("resnet20"), 1),
      preprocessing: null,
      classes: null,
    };
    await writeTensorsFile(join(cwd, "m.safetensors"), { tensors: model.tensors, metadata: modelMetadata(model) });
    expect(await choose("m.safetensors")).toEqual({ model, notices: [] });
    expect((await choose("m.safetensors", { model: "plain20" })).model.spec).toEqual(small("plain20"));
    await rename(join(cwd, "m.safetensors"), join(cwd, "m"));
    expect(await choose("m")).toEqual({ model, notices: [] });
  });
});
