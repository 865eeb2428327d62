// The pages of a column chunk: where they lie, how many values each has and how they are written. Found by their headers alone, so that one
// image is reached by reading its page, not its row group.
import type { FileHandle } from "node:fs/promises";
import { parquetHeader } from "hyparquet/src/column.js";
import { FormatError } from "../../../base/errors.ts";
import { openWindow } from "../file-window.ts";
import { checkThriftStruct } from "./check-thrift.ts";
import type { ColumnChunk, ParquetFile } from "./parquet-file.ts";

/** One page. */
export interface Page {
  readonly kind: "dictionary" | "data" | "data v2";
  /** Its contents in the file, in bytes. */
  readonly offset: number;
  readonly storedBytes: number;
  /** Of the contents when decompressed, levels included. */
  readonly bytes: number;
  readonly encoding: string;
  /** Values, missing ones included: for columns that repeat nothing these are rows. */
  readonly values: number;
  /** Number of its first row, from the row group's start; 0 for a dictionary. */
  readonly firstRow: number;
  /** Of data v2: bytes of definition levels before the values, and whether the values are compressed. */
  readonly levelBytes: number;
  readonly isCompressed: boolean;
}

/** Larger pages are refused: a few bytes could claim to decompress to any size. Writers make pages of 1 MB, or of a large picture. */
export const largestPageBytes = 2 ** 28;
/**
 * More values are refused: a run of a few bytes could claim to be any number of them, and each takes up to a hundred bytes of memory. Writers
 * make row groups of at most as many (Arrow's default, the largest of those known), and pages of far fewer.
 */
const mostPageValues = 2 ** 20;
/** Headers have some 50 bytes, or a few kilobytes where they tell the least and the largest value. */
const firstHeaderBytes = 2 ** 14;

type Header = ReturnType<typeof parquetHeader>;

const describe = (
  header: Header,
): Pick<Page, "kind" | "encoding" | "values" | "levelBytes" | "isCompressed"> | null => {
  const whole = { levelBytes: 0, isCompressed: true };
  const { data_page_header: data, data_page_header_v2: second, dictionary_page_header: dictionary } = header;
  if (header.type === "DATA_PAGE" && data) {
    return { kind: "data", encoding: data.encoding, values: data.num_values, ...whole };
  }
  if (header.type === "DICTIONARY_PAGE" && dictionary) {
    return { kind: "dictionary", encoding: dictionary.encoding, values: dictionary.num_values, ...whole };
  }
  if (header.type !== "DATA_PAGE_V2" || !second) return null;
  const { encoding, num_values: values, definition_levels_byte_length: levelBytes, is_compressed } = second;
  return { kind: "data v2", encoding, values, levelBytes, isCompressed: is_compressed !== false };
};

const isCount = (value: number, most: number): boolean => Number.isInteger(value) && value >= 0 && value <= most;

/** The pages of a chunk with so many rows. Throws FormatError where they don't fit into the chunk, or don't have its rows. */
export const findPages = async (
  file: FileHandle,
  { name, bytes }: ParquetFile,
  { start, end }: ColumnChunk,
  rows: number,
): Promise<readonly Page[]> => {
  const readAt = openWindow(file, name, bytes);
  const pages: Page[] = [];
  let firstRow = 0;
  for (let at = start; at < end && firstRow < rows; ) {
    const window = await readAt(at, Math.min(firstHeaderBytes, end - at));
    const reader = { view: new DataView(window.buffer, window.byteOffset, window.byteLength), offset: 0 };
    let header: Header;
    try {
      checkThriftStruct(window);
      header = parquetHeader(reader);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new FormatError(name, `the header of a page is damaged (${reason})`, at);
    }
    const { compressed_page_size: storedBytes, uncompressed_page_size: pageBytes } = header;
    const offset = at + reader.offset;
    if (!isCount(storedBytes, Math.min(end - offset, largestPageBytes)) || !isCount(pageBytes, largestPageBytes)) {
      throw new FormatError(
        name,
        `a page says that it has ${storedBytes} bytes, ${pageBytes} when decompressed; ${end - offset} are left, and pages of at most ${largestPageBytes} are read`,
        at,
      );
    }
    at = offset + storedBytes;
    const page = describe(header);
    if (page === null) continue; // an index page, which nothing here needs
    const isDictionary = page.kind === "dictionary";
    // Each value of a dictionary takes at least four bytes.
    if (
      !isCount(page.values, isDictionary ? pageBytes / 4 : rows - firstRow) ||
      !isCount(page.levelBytes, storedBytes)
    ) {
      throw new FormatError(name, `a page says that it has ${page.values} values; it can't`, offset);
    }
    if (page.values > mostPageValues) {
      throw new FormatError(
        name,
        `a page says that it has ${page.values} values; pages of at most ${mostPageValues} are read`,
        offset,
      );
    }
    pages.push({ ...page, offset, storedBytes, bytes: pageBytes, firstRow: isDictionary ? 0 : firstRow });
    if (!isDictionary) firstRow += page.values;
  }
  if (firstRow !== rows)
    throw new FormatError(name, `has ${firstRow} of the ${rows} values that a row group should have`, end);
  return pages;
};
