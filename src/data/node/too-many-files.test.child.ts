// For failing-disk.test.ts, as a process of its own: what reading says of a whole picture, a whole shard and a folder when no more files can be opened.
import { openSync } from "node:fs";
import { join } from "node:path";
import { probeFile } from "./image-folder/probe-file.ts";
import { listFolder } from "./image-folder/walk-folder.ts";
import { readPictureFile } from "./picture-files.ts";
import { openShard } from "./shards/shard-index-cache.ts";

const folder = process.argv[2] ?? "";
const pictureBytes = Number(process.argv[3]);
try {
  for (;;) openSync("/dev/null", "r");
} catch {
  // All descriptors are taken.
}
const told = (error: unknown): string => (error instanceof Error ? `${error.name}: ${error.message}` : String(error));
const answers = await Promise.all(
  [
    readPictureFile(join(folder, "a.png"), "a.png", 2 ** 20),
    probeFile(folder, "a.png", pictureBytes, true),
    openShard(join(folder, "a.tar"), "a.tar", true, undefined),
    listFolder(folder, "b"),
  ].map((read) => read.then(() => "was read", told)),
);
process.stdout.write(JSON.stringify(answers));
