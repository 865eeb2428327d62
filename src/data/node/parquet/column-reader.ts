// One column of a Parquet file, row by row: finds the page that a row lies in, reads it, and keeps the pages that were read last, as many as
// fit into a bound.
import { FormatError } from "../../../base/errors.ts";
import { useFile } from "../use-file.ts";
import { type PageValues, readPage, type Values } from "./decode-page.ts";
import { findPages, type Page } from "./pages.ts";
import type { ColumnChunk, LeafColumn, ParquetFile, RowGroup } from "./parquet-file.ts";

/** What was read last, in order of use, up to so many bytes of memory (and one page more than that, where one alone is larger). */
export class RecentPages {
  readonly #pages = new Map<string, { readonly values: PageValues; readonly bytes: number }>();
  readonly #largestBytes: number;
  #bytes = 0;

  constructor(largestBytes: number) {
    this.#largestBytes = largestBytes;
  }

  /** What they take. */
  get bytes(): number {
    return this.#bytes;
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

const isIndexed = ({ kind, encoding }: Page): boolean => kind !== "dictionary" && encoding.endsWith("_DICTIONARY");

/** What memory takes for a value, whatever its length: a reference and, of bytes, their view (V8's is some 100 bytes). */
const referenceBytes = 8;
const viewBytes = 100;

/** What a decoded page takes: its bytes, its values, and a dictionary that its values lie in, though that is counted as a page too. */
const memoryOf = (page: Page, values: PageValues, dictionary: Page | null): number => {
  const references = referenceBytes * values.length;
  if (isIndexed(page)) return references + (dictionary?.bytes ?? 0);
  // Values that are told by the one before have bytes of their own.
  const isOwn = page.encoding === "DELTA_BYTE_ARRAY";
  return values.reduce<number>(
    (sum, value) => sum + (value instanceof Uint8Array ? viewBytes + (isOwn ? value.length : 0) : 0),
    references + page.bytes,
  );
};

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
  const readKept = async (page: Page, group: Group): Promise<PageValues> => {
    const pageKey = `${path}\0${page.offset}`;
    const known = recent.get(pageKey);
    if (known !== undefined) return known;
    const values = await read(page, group.chunk.codec, isIndexed(page) ? await dictionaryOf(group) : null);
    recent.add(pageKey, values, memoryOf(page, values, group.dictionary));
    return values;
  };
  const dictionaryOf = async (group: Group): Promise<Values | null> => {
    if (group.dictionary === null) return null;
    const values = await readKept(group.dictionary, group);
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
      const values = await readKept(page, found);
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
