// Damages pictures by the thousand and reads them as training does: every file has to end as an image or as a line.
//
//   node dist/tools/fuzz.js [files, by default 2000]
//
// Prints one JSON document: what became of the files, seconds, and the peak of resident memory. Exit status 1 where a file was lost.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { damagedPictures } from "../src/data/node/image-folder/damaged-pictures.test.fixture.ts";
import { readDamagedPictures } from "../src/data/node/image-folder/read-damaged-pictures.test.fixture.ts";
import { writeFiles } from "../src/data/node/image-folder.test.fixture.ts";

const count = Number(process.argv[2] ?? 2000);
const folder = await mkdtemp(join(tmpdir(), "residual-fuzz-"));
try {
  const files = await damagedPictures(count);
  await writeFiles(folder, files);
  const start = performance.now();
  const { used, leftOut, broken } = await readDamagedPictures(folder);
  const told = [...used, ...leftOut.map(({ file }) => file), ...broken.map((one) => one.slice(0, one.indexOf(": ")))];
  const lost = Object.keys(files).filter((file) => !told.includes(file));
  const seconds = Math.round((performance.now() - start) / 100) / 10;
  const peakMiB = Math.round(process.resourceUsage().maxRSS / 1024);
  const fates = { used: used.length, leftOut: leftOut.length, broken: broken.length };
  process.stdout.write(`${JSON.stringify({ files: count, ...fates, lost, seconds, peakMiB })}\n`);
  process.exitCode = lost.length === 0 && told.length === count ? 0 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
