// The curves on disk: the record, and in the repository's own folder also the pictures and the section of docs/performance.md.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { recordsFolder, repository, writeJson } from "../records-folder.ts";
import { curvePicture } from "./curve-picture.ts";
import { withCurves } from "./curves-page.ts";
import type { CurvesRecord } from "./curves-record.ts";
import { curvesFor } from "./points.ts";

/** Into `folder`/curves; pictures beside the record where the folder is not the repository's. */
export const writeCurves = (folder: string, record: CurvesRecord): void => {
  const own = folder === recordsFolder;
  writeJson(join(folder, "curves"), "curves", record);
  for (const curve of curvesFor(record.threads)) {
    const pictures = own ? join(repository, "docs/images") : join(folder, "curves");
    writeFileSync(join(pictures, `curve-${curve.name}.svg`), `${curvePicture(curve, record).text}\n`);
  }
  const page = join(repository, "docs/performance.md");
  if (own) writeFileSync(page, withCurves(readFileSync(page, "utf8"), record));
  else writeFileSync(join(folder, "curves", "section.md"), withCurves("", record));
};
