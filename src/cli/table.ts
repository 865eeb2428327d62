// Tables for people, as text: columns aligned, two spaces between them.
import { printable } from "../data/node/printable.ts";

export interface Column {
  readonly title: string;
  /** Numbers are aligned to the right. */
  readonly align: "left" | "right";
}

export const left = (title: string): Column => ({ title, align: "left" });
export const right = (title: string): Column => ({ title, align: "right" });

/** Lines of a table; without any title there is no head. `rows` have a text for each column, of which a terminal obeys nothing. */
export const tableLines = (columns: readonly Column[], rows: readonly (readonly string[])[]): readonly string[] => {
  const titles = columns.map(({ title }) => title);
  const head = titles.every((title) => title === "") ? [] : [titles];
  const all = [...head, ...rows].map((row) => row.map(printable));
  const widths = columns.map((_, c) => Math.max(...all.map((row) => (row[c] ?? "").length)));
  return all.map((row) =>
    columns
      .map(({ align }, c) =>
        align === "left" ? (row[c] ?? "").padEnd(widths[c]!) : (row[c] ?? "").padStart(widths[c]!),
      )
      .join("  ")
      .trimEnd(),
  );
};

/** Facts with their names before them. */
export const factLines = (facts: readonly (readonly [name: string, value: string])[]): readonly string[] =>
  tableLines([left(""), left("")], facts);
