import { describe, expect, test } from "vitest";
import { curvePicture } from "../../bench/curves/curve-picture.ts";
import { curvesSection, withCurves } from "../../bench/curves/curves-page.ts";
import { curvesRecordSchema, roofShare } from "../../bench/curves/curves-record.ts";
import { measureCurves } from "../../bench/curves/measure-curves.ts";
import { curvesFor, keyOf, pointsOf } from "../../bench/curves/points.ts";
import { namedSpec } from "../../src/spec/named-networks.ts";

const curves = curvesFor(2);
const asked: string[] = [];
const measure = () =>
  measureCurves(
    curves,
    { threads: 2, seconds: 3 },
    {
      node: "node",
      say: () => {},
      run: async (_, [script, word]) => {
        const task = JSON.parse(word ?? "");
        asked.push(script ?? "");
        if (task.task === "roof") return { gflops: task.dtype === "f32" ? 100 : 200 };
        // A millisecond an image of 28×28 pixels' work, at half the roof.
        const stepSeconds = (task.batch * task.image ** 2) / 28 ** 2 / 1000;
        const gflopPerStep = stepSeconds * (task.dtype === "f32" ? 50 : 100);
        const bytes = { arenaBytes: 2 ** 30, peakResidentBytes: 2 ** 31 };
        return { stepSeconds, steps: 3, gflopPerStep, ...bytes, library: "2.6.3" };
      },
      about: {
        recordedAt: "2026-01-02T03:04:05.000Z",
        command: "npm run bench -- --curves",
        hardware: { cpu: "a processor", cores: 2, memoryBytes: 2 ** 33 },
        loadBefore: 0,
        versions: { residual: "0.1.0" },
      },
    },
  );

describe("pointsOf(curves)", () => {
  test("are networks that exist, each point once, with one thread and with all", () => {
    const points = pointsOf(curves);
    expect(new Set(points.map(keyOf)).size).toBe(points.length);
    for (const { model } of points) expect(namedSpec(model).name).toBe(model);
    expect(new Set(points.map(({ threads }) => threads))).toEqual(new Set([1, 2]));
    expect(points.length).toBeLessThan(60); // at some six seconds each: six minutes
  });
});

describe("measureCurves(curves, options, place)", () => {
  test("measures every point, and the roofs before and after", async () => {
    const record = await measure();
    expect(curvesRecordSchema.parse(record)).toEqual(record);
    expect(record.points).toHaveLength(pointsOf(curves).length);
    expect(asked.slice(0, 4)).toEqual(Array(4).fill("dist/bench/ours.js"));
    expect(asked.slice(-4)).toEqual(Array(4).fill("dist/bench/ours.js"));
    for (const point of record.points) expect(roofShare(point, record)).toBeCloseTo(0.5, 9);
  });

  test("is drawn, and told in numbers that follow from the record", async () => {
    const record = await measure();
    for (const curve of curves) {
      const { text } = curvePicture(curve, record);
      expect(text).toContain(`${curve.title}, training`);
      expect(text).not.toContain("NaN");
    }
    const section = curvesSection(record);
    expect(section).toContain(
      "From 64 to 288: an image's arithmetic grows 20.3 times, its time 20.3 times in f32, 20.3 times in bf16.",
    );
    expect(section).toContain("| 224 | 3.20 | 64.0 | 50.0 % | 2.00 GiB | 64.0 | 50.0 % | 2.00 GiB |");
    const page = withCurves("# Page\n", record);
    expect(withCurves(page, record)).toBe(page);
  });
});
