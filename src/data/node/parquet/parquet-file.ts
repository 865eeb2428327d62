// The footer of a Parquet file (apache/parquet-format): which columns it has, and where their pages lie. hyparquet reads the footer; pages are
// read by decode-page.ts, with every claim checked before memory is taken for it.
import { stat } from "node:fs/promises";
import { type FileMetaData, parquetMetadata, parquetSchema, type SchemaTree } from "hyparquet";
import { FormatError } from "../../../base/errors.ts";
import { readingError, useFile } from "../use-file.ts";
import { checkThriftStruct } from "./check-thrift.ts";

/** Footers are read whole. That of a file of ImageNet on the hub has some 20 kB. */
const largestFooterBytes = 2 ** 24;
/** More rows are refused before memory is taken for them. */
const mostRowsOfGroup = 2 ** 24;
const mostRows = 2 ** 27;
/** "PAR1", little-endian. */
const magic = 0x31524150;

/** A leaf of the schema: numbers or bytes, one value a row (or none). */
export interface LeafColumn {
  readonly path: readonly string[];
  readonly type: string;
  /** Levels at which a value may be missing; 0 where every row has one. */
  readonly optionalLevels: number;
}

/** The values of a column in one row group. */
export interface ColumnChunk {
  readonly codec: string;
  /** Where its pages begin and end in the file. */
  readonly start: number;
  readonly end: number;
}

export interface RowGroup {
  /** Number of the group's first row. */
  readonly firstRow: number;
  readonly rows: number;
  /** By the column's path, joined by dots. */
  readonly chunks: ReadonlyMap<string, ColumnChunk>;
}

export interface ParquetFile {
  readonly path: string;
  /** What errors call it. */
  readonly name: string;
  readonly bytes: number;
  readonly rows: number;
  readonly columns: readonly LeafColumn[];
  readonly groups: readonly RowGroup[];
  readonly metadata: ReadonlyMap<string, string>;
}

const leavesOf = (tree: SchemaTree, optional = 0, isRepeated = false): readonly LeafColumn[] =>
  tree.children.flatMap((child) => {
    const { element, path, children } = child;
    const levels = optional + (element.repetition_type === "OPTIONAL" ? 1 : 0);
    const repeats = isRepeated || element.repetition_type === "REPEATED";
    if (children.length > 0) return leavesOf(child, levels, repeats);
    if (repeats || element.type === undefined) return []; // lists hold no image of a row
    return [{ path, type: element.type, optionalLevels: levels }];
  });

const groupsOf = (metadata: FileMetaData, name: string, bytes: number): readonly RowGroup[] => {
  let firstRow = 0;
  return metadata.row_groups.map((group, i) => {
    const chunks = new Map<string, ColumnChunk>();
    for (const { meta_data: column, file_path: elsewhere } of group.columns) {
      if (column === undefined || elsewhere) continue;
      const path = column.path_in_schema.join(".");
      // 0 stands for no dictionary, for some writers.
      const dictionary = Number(column.dictionary_page_offset ?? 0);
      const start =
        dictionary > 0 ? Math.min(dictionary, Number(column.data_page_offset)) : Number(column.data_page_offset);
      const end = start + Number(column.total_compressed_size);
      if (!(start >= 4 && end >= start && end <= bytes)) {
        throw new FormatError(
          name,
          `says that column ${path} of its row group ${i} lies at bytes ${start} … ${end}, of ${bytes}`,
        );
      }
      chunks.set(path, { codec: column.codec, start, end });
    }
    const rows = Number(group.num_rows);
    if (!(rows >= 0 && rows <= mostRowsOfGroup)) {
      throw new FormatError(name, `says that its row group ${i} has ${rows} rows; at most ${mostRowsOfGroup} are read`);
    }
    const found = { firstRow, rows, chunks };
    firstRow += rows;
    if (firstRow > mostRows) throw new FormatError(name, `says that it has more than ${mostRows} rows`);
    return found;
  });
};

const readFooter = async (path: string, name: string, bytes: number): Promise<Uint8Array<ArrayBuffer>> => {
  if (bytes < 12) throw new FormatError(name, `is no Parquet file: it has ${bytes} bytes`);
  return useFile(path, name, async (file) => {
    const tail = Buffer.alloc(8);
    await file.read(tail, 0, 8, bytes - 8);
    if (tail.readUInt32LE(4) !== magic) {
      throw new FormatError(name, "is no Parquet file, or cut off: it doesn't end in PAR1", bytes - 4);
    }
    const footerBytes = tail.readUInt32LE(0);
    if (footerBytes > bytes - 12 || footerBytes > largestFooterBytes) {
      const problem = `says that its footer has ${footerBytes} bytes; at most ${Math.min(bytes - 12, largestFooterBytes)} can be read`;
      throw new FormatError(name, problem, bytes - 8);
    }
    const footer = new Uint8Array(footerBytes + 8);
    await file.read(footer, 0, footer.length, bytes - footer.length);
    return footer;
  });
};

const decodeFooter = (
  footer: Uint8Array<ArrayBuffer>,
  name: string,
  bytes: number,
): Omit<ParquetFile, "path" | "name" | "bytes"> => {
  try {
    checkThriftStruct(footer);
    const metadata = parquetMetadata(footer, { geoparquet: false });
    const groups = groupsOf(metadata, name, bytes);
    return {
      rows: groups.reduce((sum, { rows }) => sum + rows, 0),
      columns: leavesOf(parquetSchema(metadata)),
      groups,
      metadata: new Map((metadata.key_value_metadata ?? []).map(({ key, value }) => [key, value ?? ""])),
    };
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(name, `its footer is damaged (${error instanceof Error ? error.message : String(error)})`);
  }
};

/** Reads a file's footer. Throws FormatError where it isn't there or no whole Parquet file, and what useFile throws. */
export const openParquetFile = async (path: string, name: string): Promise<ParquetFile> => {
  const found = await stat(path).catch((error: unknown) => {
    throw readingError(error, path, name);
  });
  if (!found.isFile()) throw new FormatError(name, "is not a file that can be read");
  const footer = await readFooter(path, name, found.size);
  return { path, name, bytes: found.size, ...decodeFooter(footer, name, found.size) };
};
