// For huge-pictures.test.ts, as a process of its own: evaluates a folder of pictures with two workers and says how much memory that took.
import { loaderDecodingBytes } from "./decoding-memory.ts";
import { defaultSlots, openEvaluationLoader } from "./loader.ts";
import { openDataSet } from "./open-data-set.ts";

const workers = 2;
const data = await openDataSet(process.argv[2] ?? "");
/** A piece from the middle: all is decoded, little is cut. */
const fit = { kind: "crop", shorterSide: 6000, interpolation: "bilinear" } as const;
const preprocessing = { size: [32, 32], channels: 3, mean: [0.5, 0.5, 0.5], deviation: [1, 1, 1], fit } as const;
const before = process.memoryUsage.rss();
const loader = openEvaluationLoader({ source: data.train, preprocessing, batch: 1, workers });
let images = 0;
for (let batch = await loader.next(); batch !== null; batch = await loader.next()) {
  images += batch.indices.length;
  batch.release();
}
await loader.dispose();
const { largestPicture } = data;
const expected = largestPicture && loaderDecodingBytes(largestPicture, workers, defaultSlots(workers));
// maxRSS is in KiB.
const took = process.resourceUsage().maxRSS * 1024 - before;
process.stdout.write(JSON.stringify({ images, took, expected, pixels: largestPicture?.pixels }));
