// Damages pictures and archives by the thousand and reads them as training does: every one has to end as images or as a line.
//
//   node dist/tools/fuzz.js [files, by default 2000]
//
// Three fifths are pictures, in one folder; the rest are tar shards, Parquet files and CIFAR's binaries, each opened as a data set of its
// own. Prints one JSON document: what became of them, seconds, and the peak of resident memory. Exit status 1 where one was lost.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type ArchiveFates,
  archiveKinds,
  readDamagedArchives,
} from "../src/data/node/containers/damaged-archives.test.fixture.ts";
import { damagedPictures } from "../src/data/node/image-folder/damaged-pictures.test.fixture.ts";
import { readDamagedPictures } from "../src/data/node/image-folder/read-damaged-pictures.test.fixture.ts";
import { writeFiles } from "../src/data/node/image-folder.test.fixture.ts";

const count = Number(process.argv[2] ?? 2000);
const archivesOfKind = Math.round((count * 2) / 15);
const pictures = count - archiveKinds.length * archivesOfKind;

const rounded = (seconds: number): number => Math.round(seconds * 10) / 10;

const fuzzPictures = async (folder: string) => {
  const files = await damagedPictures(pictures);
  await writeFiles(folder, files);
  const { used, leftOut, broken } = await readDamagedPictures(folder);
  const told = [...used, ...leftOut.map(({ file }) => file), ...broken.map((one) => one.slice(0, one.indexOf(": ")))];
  const lost = Object.keys(files).filter((file) => !told.includes(file));
  if (told.length !== pictures) lost.push(`${told.length} fates of ${pictures} pictures`);
  return { files: pictures, used: used.length, leftOut: leftOut.length, broken: broken.length, lost };
};

const folder = await mkdtemp(join(tmpdir(), "residual-fuzz-"));
try {
  const start = performance.now();
  const fates: Record<string, object> = {};
  const lost: string[] = [];
  for (const kind of archiveKinds) {
    const found: ArchiveFates = await readDamagedArchives(kind, archivesOfKind, folder);
    fates[kind.name] = { files: archivesOfKind, ...found, slowestSeconds: rounded(found.slowestSeconds) };
    lost.push(...found.lost);
  }
  const ofPictures = await fuzzPictures(join(folder, "pictures"));
  lost.push(...ofPictures.lost);
  const seconds = rounded((performance.now() - start) / 1000);
  const peakMiB = Math.round(process.resourceUsage().maxRSS / 1024);
  const document = { files: count, pictures: ofPictures, ...fates, lost: lost.length, seconds, peakMiB };
  process.stdout.write(`${JSON.stringify(document)}\n`);
  process.exitCode = lost.length === 0 ? 0 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
