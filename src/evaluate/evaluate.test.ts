import { describe, expect, test } from "vitest";
import { tensor } from "../base/tensor.ts";
import type { Batch } from "../data/batch.ts";
import { memorySource } from "../data/source.ts";
import { type EvaluationBatches, evaluate } from "./evaluate.ts";

const source = memorySource([1, 1, 1], Uint8Array.of(0, 1, 2, 3, 4), [0, 1, 0, 1, 1]);

/** Batches of two places that hold these images. */
const batchesOf = (
  ...batches: readonly { readonly indices: readonly number[]; readonly broken: readonly number[] }[]
) => {
  let next = 0;
  const open = (): EvaluationBatches => ({
    next: async (): Promise<Batch | null> => {
      const given = batches[next++];
      if (given === undefined) return null;
      const { indices, broken } = given;
      const images = new Float32Array(2);
      images.set(indices);
      return {
        images: tensor("f32", [2, 1, 1, 1], images),
        labels: tensor("i32", [2], new Int32Array(2)),
        count: indices.length,
        indices: Int32Array.from(indices),
        broken: broken.map((image) => ({ image, problem: `${image}.jpg: is damaged` })),
        epoch: 0,
        step: next - 1,
        release: () => {},
      };
    },
    dispose: async () => {},
  });
  return open;
};

/** Says class 1 for images 1 and 3 alone, with the image's number as its logit. */
const logitsFor =
  async () =>
  async ({ data }: { readonly data: Float32Array }) =>
    tensor("f32", [2, 2], Float32Array.from([...data].flatMap((image) => (image % 2 === 1 ? [0, image] : [image, 0]))));

describe("evaluate({ split, source, openBatches, logitsFor })", () => {
  test("counts no broken image, lists them, and says which image each row is of", async () => {
    const openBatches = batchesOf(
      { indices: [0], broken: [1] },
      { indices: [], broken: [2] },
      { indices: [3, 4], broken: [] },
    );
    const { n, images, broken, labels, logits, top1 } = await evaluate({
      split: "test",
      source,
      openBatches,
      logitsFor,
    });
    expect([n, [...images], [...labels], logits.shape]).toEqual([3, [0, 3, 4], [0, 1, 1], [3, 2]]);
    expect([...logits.data]).toEqual([0, 0, 0, 3, 4, 0]);
    expect(broken).toEqual([
      { image: 1, problem: "1.jpg: is damaged" },
      { image: 2, problem: "2.jpg: is damaged" },
    ]);
    expect(top1.n).toBe(3);
    expect(top1.value).toBeCloseTo(2 / 3, 12);
  });

  test("refuses a split of which nothing can be decoded, and a loader that loses images", async () => {
    const all = batchesOf({ indices: [], broken: [0, 1, 2] }, { indices: [], broken: [3, 4] });
    await expect(evaluate({ split: "test", source, openBatches: all, logitsFor })).rejects.toThrow(
      "none of the 5 images of test can be decoded, for example 0.jpg: is damaged",
    );
    const some = batchesOf({ indices: [0, 1], broken: [2] });
    await expect(evaluate({ split: "test", source, openBatches: some, logitsFor })).rejects.toThrow(
      "internal error: test has 5 images but 2 were evaluated",
    );
  });
});
