import { describe, expect, test } from "vitest";
import { UsageError } from "../base/errors.ts";
import { cropPasses, scalePasses, scalesFor, viewsOf, wholeSize } from "./protocol.ts";

const own = { size: [224, 224], channels: 3, mean: [0, 0, 0], deviation: [1, 1, 1] } as const;

describe("protocols", () => {
  test("ten crops are four corners and the centre, and their mirror images, of a shorter side of 256", () => {
    const passes = cropPasses("ten-crop", [], own);
    expect(passes).toHaveLength(10);
    expect(new Set(passes.map(({ view: { place, mirrored } }) => `${place} ${mirrored}`)).size).toBe(10);
    expect(passes[0]?.preprocessing.fit).toEqual({ kind: "crop", shorterSide: 256, interpolation: "bilinear" });
  });

  test("one crop is the weights' own where that is a crop", () => {
    const fit = { kind: "crop", shorterSide: 232, interpolation: "bicubic" } as const;
    expect(cropPasses("one-crop", [], { ...own, fit })[0]?.preprocessing.fit).toEqual(fit);
    expect(cropPasses("own", [], own)[0]?.preprocessing).toBe(own);
  });

  test("mirror doubles the views and shifts adds four to each, by a pixel of 32", () => {
    expect(viewsOf("own", ["mirror", "shifts"], [32, 32])).toHaveLength(10);
    expect(viewsOf("own", ["shifts"], [32, 32]).map(({ shift }) => shift)).toEqual([
      [0, 0],
      [-1, 0],
      [1, 0],
      [0, -1],
      [0, 1],
    ]);
    expect(() => viewsOf("ten-crop", ["mirror"], [224, 224])).toThrow(
      new UsageError(
        "--tta mirror adds nothing to --protocol ten-crop: its ten crops are five and their mirror images",
      ),
    );
  });

  test("the paper's scales are for 224 pixels, others in proportion", () => {
    expect(scalesFor([224, 224])).toEqual([224, 256, 384, 480, 640]);
    expect(scalesFor([28, 28])).toEqual([28, 32, 48, 60, 80]);
  });

  test("whole images lose less than a stride of the longer side, and what is beyond twice the shorter", () => {
    expect(wholeSize({ width: 500, height: 375 }, 224, 32)).toEqual([224, 288]); // 298 resized
    expect(wholeSize({ width: 375, height: 500 }, 224, 32)).toEqual([288, 224]);
    expect(wholeSize({ width: 230, height: 224 }, 224, 32)).toEqual([224, 224]);
    expect(wholeSize({ width: 9000, height: 300 }, 224, 32)).toEqual([224, 448]);
  });

  test("multi-scale takes every image once a scale and view, images of one shape together", () => {
    const sizes = [{ width: 500, height: 375 }, { width: 375, height: 500 }, { width: 400, height: 300 }, null];
    const passes = scalePasses(own, { sizes, scales: [224, 256], multiple: 32, added: ["mirror"] });
    const ofScale = [[0, 2, 3], [0, 2, 3], [1], [1]];
    expect(passes.map(({ images }) => [...(images ?? [])])).toEqual([...ofScale, ...ofScale]);
    expect(passes.filter(({ view }) => view.mirrored)).toHaveLength(4);
  });

  test.each([[[]], [[224, 224]], [[31]], [[224.5]], [[5000]]])("refuses the scales %j", (scales) => {
    expect(() => scalePasses(own, { sizes: [], scales, multiple: 32, added: [] })).toThrow(
      `--scales should be different whole numbers from 32 (the network's stride) to 4096, such as 224,256,384, but is ${scales.join(",")}`,
    );
  });
});
