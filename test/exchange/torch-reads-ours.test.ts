// PyTorch and numpy read what we write, and we what they write: a whole ResNet-18, bit for bit. Needs Debian's python3-torch.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { z } from "zod";
import { type NamedTensors, tensor } from "../../src/base/tensor.ts";
import { openTensors } from "../../src/checkpoint/node/open-tensors.ts";
import { writeTensorsFile } from "../../src/checkpoint/node/tensors-file.ts";
import { convert } from "../../src/commands/convert.ts";
import { createReferenceEngine } from "../../src/engine/reference/engine.ts";
import { recogniseTensors } from "../../src/exchange/names/recognise-tensors.ts";
import { toTorchvision } from "../../src/exchange/names/rename.ts";
import { randomNetwork } from "../../src/exchange/structure/random-network.test.fixture.ts";
import { namedSpec } from "../../src/spec/named-networks.ts";
import type { ResNetSpec } from "../../src/spec/spec.ts";
import { evaluationPrograms } from "../../src/train/evaluation-program.ts";
import { hasTorch, python } from "./debian-torch.ts";

const script = fileURLToPath(new URL("../../../tools/exchange/check_torch.py", import.meta.url)); // from dist/test/exchange
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
  logits: z.array(z.array(z.number())),
  made: z.string(),
  saved: z.string(),
});

/** Logits of check_torch.py's two images by the reference engine, which rounds each value to f32 and sums in f64. */
const logitsOf = async (spec: ResNetSpec, tensors: NamedTensors): Promise<readonly number[]> => {
  const engine = await createReferenceEngine();
  const state = await engine.createState(tensors);
  const programs = evaluationPrograms(engine, spec, state);
  const images = Float32Array.from({ length: 2 * 3 * 64 * 64 }, (_, i) => (((37 * i) % 101) - 50) / 25);
  const logitsFor = await programs.logitsFor([2, 3, 64, 64]);
  const logits = [...(await logitsFor(tensor("f32", [2, 3, 64, 64], images))).data];
  await programs.dispose();
  await state.dispose();
  await engine.dispose();
  return logits;
};
/**
 * A value is rounded to f32 once after each of about 60 nodes on the way, half a unit (2⁻²⁴) each, and the batch norms between stretch
 * what was rounded by at most a few times: 60 · 2⁻²⁴ · 8, of the largest logit.
 */
const tolerance = 60 * 2 ** -24 * 8;
const largest = (values: readonly number[]): number => Math.max(...values.map(Math.abs));

test("torchvision's resnet18 takes our .pth, .safetensors and .npz strictly, to the same logits, and we take PyTorch's files, bit for bit", {
  timeout: 300_000,
}, async (context) => {
  if (!hasTorch()) context.skip("Debian's python3-torch and python3-torchvision are not installed");
  const folder = mkdtempSync(join(tmpdir(), "residual-torch-"));
  try {
    const spec = namedSpec("resnet18", { classes: 7 });
    const tensors = randomNetwork(spec, 3);
    const file = join(folder, "m.safetensors");
    await writeTensorsFile(file, { tensors, metadata: { spec: "{}" } });
    const place = { cwd: folder, cacheFolder: folder };
    await convert(file, "m.pth", place);
    await convert(file, "m.npz", place);
    await convert(file, "half.pth", place, { floats: "f16" });
    const half = digest((await openTensors(join(folder, "half.pth"))).tensors);

    const output = execFileSync(python, [script, folder], { encoding: "utf8", timeout: 800_000 });
    const { logits, pth, weightsOnly, f16, safetensors, npz, made, saved } = answer.parse(JSON.parse(output));
    for (const found of [pth, weightsOnly, safetensors, npz]) {
      expect(found).toEqual({
        keys: "<All keys matched successfully>",
        digest: digest(tensors),
        dtype: "torch.float32",
      });
    }
    expect(f16).toEqual({ keys: "<All keys matched successfully>", digest: half, dtype: "torch.float16" });

    const ours = await logitsOf(spec, tensors);
    for (const [i, logit] of ours.entries()) {
      expect(Math.abs(logit - (logits.flat()[i] ?? Number.NaN))).toBeLessThanOrEqual(
        tolerance * largest(logits.flat()),
      );
    }

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
