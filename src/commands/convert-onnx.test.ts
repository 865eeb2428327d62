import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { UsageError } from "../base/errors.ts";
import { openTensors } from "../checkpoint/node/open-tensors.ts";
import { writeTensorsFile } from "../checkpoint/node/tensors-file.ts";
import type { DataSetNotice } from "../data/node/data-set-options.ts";
import { randomNetwork } from "../exchange/structure/random-network.test.fixture.ts";
import { initialTensors } from "../model/initial-tensors.ts";
import { resnet } from "../spec/named-networks.ts";
import { chooseModel } from "./choose-model.ts";
import { convert } from "./convert.ts";
import { modelMetadata, type TrainedModel } from "./trained-model.ts";

let cwd = "";
beforeEach(async () => {
  cwd = await fs.mkdtemp(join(tmpdir(), "residual-onnx-"));
});
afterEach(() => fs.rm(cwd, { recursive: true, force: true }));

const notices: string[] = [];
const place = () => ({
  cwd,
  cacheFolder: join(cwd, "cache"),
  onEvent: ({ message }: DataSetNotice) => void notices.push(message),
});

// A gate: nothing that recognition by structure has words for.
const spec = resnet("resnet110-exclusive-gating", {
  input: [3, 8, 8],
  classes: 2,
  stages: [{ blocks: 1, width: 16, stride: 1 }],
});
const model: TrainedModel = {
  spec,
  tensors: randomNetwork(spec, 1),
  classes: ["cat", "dog"],
  preprocessing: { size: [8, 8], channels: 3, mean: [0.5, 0.4, 0.3], deviation: [0.2, 0.2, 0.2] },
};
const written = (name = "a.safetensors") =>
  writeTensorsFile(join(cwd, name), { tensors: model.tensors, metadata: modelMetadata(model) });

describe("convert(from, to) by way of ONNX", () => {
  test("keeps the network, the texts and every bit, there and back", async () => {
    await written();
    expect(await convert("a.safetensors", "b.onnx", place())).toMatchObject({
      from: "safetensors",
      to: "onnx",
      tensors: model.tensors.size,
      lost: [],
    });
    expect(await chooseModel("b.onnx", {}, place())).toEqual(model);
    expect(await convert("b.onnx", "c.safetensors", place())).toMatchObject({
      from: "onnx",
      found: "an ONNX model",
      lost: [],
    });
    const [before, after] = [
      await openTensors(join(cwd, "a.safetensors")),
      await openTensors(join(cwd, "c.safetensors")),
    ];
    expect(after.metadata).toEqual(before.metadata);
    expect([...after.tensors]).toEqual([...before.tensors]);
    await convert("c.safetensors", "d.onnx", place());
    expect((await fs.readFile(join(cwd, "d.onnx"))).equals(await fs.readFile(join(cwd, "b.onnx")))).toBe(true);
  });

  test("recognises the network of bare tensors, and of another program's graph, and says so", async () => {
    const plain = resnet("resnet20-b", { input: [3, 16, 16] });
    await writeTensorsFile(join(cwd, "a.safetensors"), { tensors: initialTensors(plain, 1), metadata: {} });
    notices.length = 0;
    await convert("a.safetensors", "b.onnx", place(), { model: "resnet20-b", opset: 18 });
    expect(notices).toEqual([]);
    const bytes = await fs.readFile(join(cwd, "b.onnx"));
    // Another program's: its name isn't ours.
    const at = bytes.indexOf("residual");
    bytes.write("someprog", at);
    await fs.writeFile(join(cwd, "theirs"), bytes);
    const read = await chooseModel("./theirs", {}, place());
    expect(read.spec.name).toBe("resnet20-b");
    expect(notices).toEqual([
      `${join(cwd, "theirs")}: recognised resnet20-b for [3, 32, 32] and 10 classes by its layers; it is an ONNX model`,
    ]);
  });

  test("folds batch norms when asked, and says what that loses", async () => {
    await written();
    const { lost } = await convert("a.safetensors", "b.onnx", place(), { foldBatchNorm: true });
    expect(lost).toEqual(["what batch norms were before they were folded"]);
    const read = await chooseModel("b.onnx", {}, place());
    expect(read).toMatchObject({ spec, classes: model.classes, preprocessing: model.preprocessing });
    expect(read.tensors.get("bn1.weight")?.data).toEqual(new Float32Array(16).fill(1));
  });

  test("refuses halves, other names, other operators, and ONNX' options for other formats", async () => {
    await written();
    const refused = async (to: string, options: Parameters<typeof convert>[3], message: string) =>
      expect(convert("a.safetensors", to, place(), options)).rejects.toThrow(new UsageError(message));
    await refused("x.onnx", { floats: "f16" }, "an ONNX model is written in f32, not f16; leave out --floats");
    await refused("x.onnx", { opset: 16 }, "ONNX is written with operators of version 17 to 23, not 16");
    await refused(
      "x.onnx",
      { names: "transformers" },
      "an ONNX model names its tensors after its layers; leave out --names transformers",
    );
    await refused("x.pth", { opset: 17 }, "--opset 17 is for ONNX models (.onnx), not for pytorch; leave it out");
    await refused(
      "x/",
      { foldBatchNorm: true },
      "--fold-batch-norm is for ONNX models (.onnx), not for a Keras model (tfjs layers); leave it out",
    );
    expect(await fs.readdir(cwd)).toEqual(["a.safetensors"]);
  });

  test("says what is wrong with a damaged model", async () => {
    await written();
    await convert("a.safetensors", "b.onnx", place());
    const bytes = await fs.readFile(join(cwd, "b.onnx"));
    await fs.writeFile(join(cwd, "short.onnx"), bytes.subarray(0, 1000));
    await expect(chooseModel("short.onnx", {}, place())).rejects.toThrow(
      /short\.onnx: the model is damaged: premature EOF \(at byte \d+\)$/,
    );
  });
});
