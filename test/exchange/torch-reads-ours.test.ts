// PyTorch and numpy read what we write, and we what they write: a whole ResNet-18, bit for bit. Needs Debian's python3-torch.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { z } from "zod";
import type { NamedTensors } from "../../src/base/tensor.ts";
import { openTensors } from "../../src/checkpoint/node/open-tensors.ts";
import { writeTensorsFile } from "../../src/checkpoint/node/tensors-file.ts";
import { convert } from "../../src/commands/convert.ts";
import { recogniseTensors } from "../../src/exchange/names/recognise-tensors.ts";
import { toTorchvision } from "../../src/exchange/names/rename.ts";
import { initialTensors } from "../../src/model/initial-tensors.ts";
import { namedSpec } from "../../src/spec/named-networks.ts";

const python = "/usr/bin/python3";
const script = fileURLToPath(new URL("../../../tools/exchange/check_torch.py", import.meta.url)); // from dist/test/exchange
const hasTorch = (): boolean => {
  try {
    execFileSync(python, ["-c", "import torch, torchvision, numpy"], { stdio: "ignore", timeout: 120_000 });
    return true;
  } catch {
    return false;
  }
};

/** As check_torch.py's: names and bytes, sorted, without counts of batches. */
const digest = (tensors: NamedTensors): string => {
  const sha = createHash("sha256");
  for (const [name, { data }] of [...tensors].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (!name.endsWith("num_batches_tracked")) {
      sha.update(name).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
  }
  return sha.digest("hex");
};

const loaded = z.object({ keys: z.string(), digest: z.string(), dtype: z.string() });
const answer = z.object({
  pth: loaded,
  weightsOnly: loaded,
  f16: loaded,
  safetensors: loaded,
  npz: loaded,
  made: z.string(),
  saved: z.string(),
});

test("torchvision's resnet18 takes our .pth, .safetensors and .npz strictly, and we take PyTorch's files, bit for bit", {
  timeout: 300_000,
}, async (context) => {
  if (!hasTorch()) context.skip("Debian's python3-torch and python3-torchvision are not installed");
  const folder = mkdtempSync(join(tmpdir(), "residual-torch-"));
  try {
    const tensors = initialTensors(namedSpec("resnet18", { classes: 7 }), 3);
    const file = join(folder, "m.safetensors");
    await writeTensorsFile(file, { tensors, metadata: { spec: "{}" } });
    const place = { cwd: folder, cacheFolder: folder };
    await convert(file, "m.pth", place);
    await convert(file, "m.npz", place);
    await convert(file, "half.pth", place, { floats: "f16" });
    const half = digest((await openTensors(join(folder, "half.pth"))).tensors);

    const output = execFileSync(python, [script, folder], { encoding: "utf8", timeout: 800_000 });
    const { pth, weightsOnly, f16, safetensors, npz, made, saved } = answer.parse(JSON.parse(output));
    for (const found of [pth, weightsOnly, safetensors, npz]) {
      expect(found).toEqual({
        keys: "<All keys matched successfully>",
        digest: digest(tensors),
        dtype: "torch.float32",
      });
    }
    expect(f16).toEqual({ keys: "<All keys matched successfully>", digest: half, dtype: "torch.float16" });

    expect(digest((await openTensors(join(folder, "zip.pth"))).tensors)).toBe(saved);
    const legacy = await openTensors(join(folder, "legacy.pth"));
    expect([digest(legacy.tensors), legacy.found]).toEqual([
      saved,
      "a PyTorch file (legacy layout), its model; left out: epoch",
    ]);
    const parallel = toTorchvision((await openTensors(join(folder, "parallel.pth"))).tensors);
    expect([digest(parallel.tensors), parallel.prefix]).toEqual([made, "module."]);
    const { candidates } = recogniseTensors(parallel.tensors);
    expect(candidates.map(({ name, classes }) => [name, classes])).toContainEqual(["resnet18", 7]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
