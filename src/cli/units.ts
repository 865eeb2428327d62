// Bytes as a person reads them; other numbers: commands/report/format.ts.

/** Bytes in binary units: 40 B, 12.3 KiB, 118 MiB, 1.2 GiB. */
export const formatBytes = (bytes: number): string => {
  if (bytes < 1024) return `${bytes} B`;
  let value = bytes / 1024;
  let unit = "KiB";
  for (const next of ["MiB", "GiB", "TiB"]) {
    if (value < 1024) break;
    value /= 1024;
    unit = next;
  }
  return `${value < 100 ? Number(value.toPrecision(3)) : Math.round(value)} ${unit}`;
};
