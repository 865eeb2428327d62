// Measures the points of the cost curves, each in a process of its own, and the roofs they are told as shares of.
import { z } from "zod";
import type { MeasuringPlace } from "../measure-case.ts";
import type { OurTask } from "../our-task.ts";
import { type CurvesRecord, type MeasuredPoint, measuredPointSchema, type PointTask } from "./curves-record.ts";
import { type Curve, keyOf, pointsOf, precisions } from "./points.ts";

const roofDocument = z.object({ gflops: z.number().positive() });
const measured = measuredPointSchema.extend({ library: z.string() });

/** Throws ProcessFailure. `seconds`: for how long the steps of each point are timed. */
export const measureCurves = async (
  curves: readonly Curve[],
  { threads, seconds }: { readonly threads: number; readonly seconds: number },
  { run, node, say, about }: Omit<MeasuringPlace, "runtimes">,
): Promise<CurvesRecord> => {
  const points = pointsOf(curves);
  const threadCounts = [...new Set(points.map((point) => point.threads))];
  const measureRoofs = async (): Promise<CurvesRecord["roofs"]> => {
    const roofs: CurvesRecord["roofs"] = [];
    for (const dtype of precisions) {
      for (const count of threadCounts) {
        const any = { what: "train", model: "resnet20", batch: 1, image: 32, convolution: "direct", seconds } as const;
        const task: OurTask = { task: "roof", ...any, dtype, threads: count };
        const { gflops } = roofDocument.parse(await run(node, ["dist/bench/ours.js", JSON.stringify(task)]));
        roofs.push({ dtype, threads: count, gflops });
      }
    }
    return roofs;
  };
  const before = await measureRoofs();
  const results: MeasuredPoint[] = [];
  const libraries = new Set<string>();
  for (const [index, point] of points.entries()) {
    const task: PointTask = { ...point, seconds };
    const document = await run(node, ["dist/bench/curves/our-point.js", JSON.stringify(task)]);
    const { library, ...result } = measured.parse(document);
    libraries.add(library);
    results.push({ ...point, ...result });
    say(
      `curves: ${index + 1} of ${points.length}: ${keyOf(point)}: ${(point.batch / result.stepSeconds).toFixed(1)} images/s`,
    );
  }
  const after = await measureRoofs();
  return {
    formatVersion: 1,
    ...about,
    versions: { ...about.versions, oneDNN: [...libraries].join(", ") },
    threads,
    roofs: before.map((roof, i) => ({ ...roof, gflops: Math.max(roof.gflops, after[i]?.gflops ?? 0) })),
    points: results,
  };
};
