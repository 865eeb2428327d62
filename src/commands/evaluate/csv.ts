// Comma-separated values as RFC 4180 has them: lines end in CRLF, a field with a comma, a quote or a line break stands in quotes,
// quotes within are doubled.
import { FormatError } from "../../base/errors.ts";

const quoted = (field: string): string => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field);

/** One line, its end included. */
export const csvLine = (fields: readonly string[]): string => `${fields.map(quoted).join(",")}\r\n`;

/** The records of a text; lines may end in LF alone, and the last in nothing. Throws FormatError for quotes that make no sense. */
export const parseCsv = (text: string, file: string): readonly (readonly string[])[] => {
  const records: string[][] = [];
  let [record, at]: [string[], number] = [[], text.startsWith("\uFEFF") ? 1 : 0];
  while (at < text.length) {
    let field: string;
    if (text[at] === '"') {
      const parts: string[] = [];
      for (;;) {
        const end = text.indexOf('"', at + 1);
        if (end === -1)
          throw new FormatError(file, `a quote that is opened in record ${records.length + 1} is never closed`);
        parts.push(text.slice(at + 1, end));
        at = end + 1;
        if (text[at] !== '"') break;
      }
      field = parts.join('"');
    } else {
      const rest = /[,\r\n]/g;
      rest.lastIndex = at;
      const end = rest.exec(text)?.index ?? text.length;
      field = text.slice(at, end);
      at = end;
    }
    record.push(field);
    const after = text[at];
    if (after === ",") {
      at++;
      if (at === text.length) record.push("");
      continue;
    }
    if (after !== undefined && after !== "\r" && after !== "\n") {
      throw new FormatError(file, `record ${records.length + 1} has "${after}" behind a closing quote`);
    }
    at += text.startsWith("\r\n", at) ? 2 : 1;
    records.push(record);
    record = [];
  }
  if (record.length > 0) records.push(record);
  return records.filter((fields) => fields.length > 1 || fields[0] !== "");
};
