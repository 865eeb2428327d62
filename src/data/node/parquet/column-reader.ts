// One column of a Parquet file, row by row: finds the page that a row lies in, reads it, and keeps the pages that were read last, as many as
// fit into a bound.
import { FormatError } from "../../../base/errors.ts";
import { useFile } from "../use-file.ts";
import { type PageValues, readPage, type Values } from "./decode-page.ts";
import { findPages, type Page } from "./pages.ts";
import type { ColumnChunk, LeafColumn, ParquetFile, RowGroup } from "./parquet-file.ts";

/** What was read last, in order of use, up to so many bytes (and one page more than that, where one alone is larger). */
export class RecentPages {
  readonly #pages = new Map<string, { readonly values: PageValues; readonly bytes: number }>();
  readonly #largestBytes: number;
  #bytes = 0;

  constructor(largestBytes: number) {
    this.#largestBytes = largestBytes;
  }

  get(key: string): PageValues | undefined {
    const found = this.#pages.get(key);
    if (found === undefined) return undefined;
    this.#pages.delete(key);
    this.#pages.set(key, found);
    return found.values;
  }

  add(key: string, values: PageValues, bytes: number): void {
    if (this.#pages.has(key)) return; // read twice at the same time
    this.#pages.set(key, { values, bytes });
    this.#bytes += bytes;
    for (const [oldest, { bytes: freed }] of this.#pages) {
      if (this.#bytes <= this.#largestBytes || oldest === key) break;
      this.#pages.delete(oldest);
      this.#bytes -= freed;
    }
  }
}

interface Group {
  readonly chunk: ColumnChunk;
  readonly pages: readonly Page[];
  readonly dictionary: Page | null;
}

/** The last item whose row is at most `row`; items are sorted by it, the first row is at most `row`. */
const lastUpTo = <T>(items: readonly T[], row: number, rowOf: (item: T) => number): T | undefined => {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (rowOf(items[middle]!) <= row) low = middle + 1;
    else high = middle;
  }
  return items[low - 1];
};

/** Of a page's values; those that are told by the one before take more than the page has. */
const decodedBytes = ({ encoding, bytes }: Page, values: PageValues): number =>
  encoding === "DELTA_BYTE_ARRAY"
    ? values.reduce<number>((sum, value) => sum + (value instanceof Uint8Array ? value.length : 0), bytes)
    : bytes;

export interface ColumnReader {
  /** The value of a row, null where it has none. Throws FormatError where the file is damaged or gone, and what useFile throws. */
  readonly value: (row: number) => Promise<Uint8Array | number | null>;
  /** All values of a row group, in order. */
  readonly groupValues: (group: RowGroup) => AsyncGenerator<PageValues>;
}

/** `recent` may be shared by readers of several files. */
export const readColumn = (file: ParquetFile, column: LeafColumn, recent: RecentPages): ColumnReader => {
  const { name, path, groups } = file;
  const key = column.path.join(".");
  const opened = new Map<RowGroup, Promise<Group>>();

  const openGroup = async (group: RowGroup): Promise<Group> => {
    const chunk = group.chunks.get(key);
    if (chunk === undefined) throw new FormatError(name, `a row group has no column ${key}`);
    const pages = await useFile(path, name, (handle) => findPages(handle, file, chunk, group.rows));
    const dictionary = pages.find(({ kind }) => kind === "dictionary") ?? null;
    const data = pages.filter((page) => page.kind !== "dictionary" && page.values > 0);
    return { chunk, pages: data, dictionary };
  };
  /** Of so many groups it is kept where their pages lie. */
  const mostGroups = 256;
  const groupOf = (group: RowGroup): Promise<Group> => {
    const known = opened.get(group);
    if (known !== undefined) return known;
    const opening = openGroup(group);
    const [oldest] = opened.keys();
    if (opened.size >= mostGroups && oldest !== undefined) opened.delete(oldest);
    opened.set(group, opening);
    opening.catch(() => opened.delete(group));
    return opening;
  };
  const read = (page: Page, codec: string, dictionary: Values | null): Promise<PageValues> =>
    useFile(path, name, (handle) => readPage(handle, name, page, column, codec, dictionary));
  const readKept = async (page: Page, codec: string, dictionary: Values | null): Promise<PageValues> => {
    const pageKey = `${path}\0${page.offset}`;
    const known = recent.get(pageKey);
    if (known !== undefined) return known;
    const values = await read(page, codec, dictionary);
    recent.add(pageKey, values, decodedBytes(page, values));
    return values;
  };
  const dictionaryOf = async ({ chunk, dictionary }: Group): Promise<Values | null> => {
    if (dictionary === null) return null;
    const values = await readKept(dictionary, chunk.codec, null);
    return values.flatMap((value) => (value === null ? [] : [value]));
  };

  return {
    value: async (row) => {
      const group = lastUpTo(groups, row, ({ firstRow }) => firstRow);
      if (group === undefined || row < 0 || row >= group.firstRow + group.rows) {
        throw new FormatError(name, `has ${file.rows} rows, so none of number ${row}`);
      }
      const found = await groupOf(group);
      const within = row - group.firstRow;
      const page = lastUpTo(found.pages, within, ({ firstRow }) => firstRow);
      if (page === undefined) throw new FormatError(name, `no page holds row ${row}`);
      const dictionary = page.encoding.endsWith("_DICTIONARY") ? await dictionaryOf(found) : null;
      const values = await readKept(page, found.chunk.codec, dictionary);
      return values[within - page.firstRow] ?? null;
    },
    groupValues: async function* (group) {
      if (group.rows === 0) return;
      const found = await groupOf(group);
      const dictionary = await dictionaryOf(found);
      for (const page of found.pages) yield await read(page, found.chunk.codec, dictionary);
    },
  };
};
