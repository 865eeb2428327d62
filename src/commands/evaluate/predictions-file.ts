// `--predictions out.csv|out.parquet`: a table with a row for each image, for other tools; written whole or not at all.
import { extname } from "node:path";
import { UsageError } from "../../base/errors.ts";
import { writeFileAtomically } from "../../checkpoint/node/atomic-file.ts";
import { newFile } from "../new-file.ts";
import { csvLine } from "./csv.ts";
import type { Column } from "./prediction-columns.ts";

/** Missing values are empty fields; numbers have the shortest digits that give them back. */
const csvBytes = (columns: readonly Column[]): Uint8Array => {
  const rows = columns[0]?.values.length ?? 0;
  const lines = [csvLine(columns.map(({ name }) => name))];
  for (let row = 0; row < rows; row++) lines.push(csvLine(columns.map(({ values }) => String(values[row] ?? ""))));
  return new TextEncoder().encode(lines.join(""));
};

/** Snappy-compressed; every column may have missing values. */
const parquetBytes = async (columns: readonly Column[]): Promise<Uint8Array> => {
  const { parquetWriteBuffer } = await import("hyparquet-writer");
  const columnData = columns.map(({ name, type, values }) => ({ name, type, data: [...values], nullable: true }));
  return new Uint8Array(parquetWriteBuffer({ columnData }));
};

type Writer = (columns: readonly Column[]) => Uint8Array | Promise<Uint8Array>;

const formats: ReadonlyMap<string, Writer> = new Map<string, Writer>([
  [".csv", csvBytes],
  [".parquet", parquetBytes],
]);

/**
 * The absolute path to write to. Throws UsageError for an ending that is no format, for a file that exists already, and where its
 * directory may not be written to: before anything is computed.
 */
export const predictionsPath = (file: string, cwd: string): Promise<string> => {
  if (formats.has(extname(file).toLowerCase())) return newFile(file, cwd);
  throw new UsageError(`--predictions writes CSV or Parquet, so ${file} should end in .csv or .parquet`);
};

/** Writes a table in the format of the path's ending. Errors as writeFileAtomically's. */
export const writePredictions = async (path: string, columns: readonly Column[]): Promise<void> => {
  const bytes = await formats.get(extname(path).toLowerCase())?.(columns);
  if (bytes !== undefined) await writeFileAtomically(path, [bytes]);
};
