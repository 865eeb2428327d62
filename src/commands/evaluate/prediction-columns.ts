// Per-image predictions as a table: the columns that CSV and Parquet files of `--predictions` share.
import type { PredictionRow } from "../../evaluate/prediction-rows.ts";

export interface ColumnTypes {
  BOOLEAN: boolean;
  INT32: number;
  DOUBLE: number;
  STRING: string;
}

/** A column of any type or, given a type, of that type: null is a missing value. */
export type Column<T extends keyof ColumnTypes = keyof ColumnTypes> = {
  [P in T]: { readonly name: string; readonly type: P; readonly values: readonly (ColumnTypes[P] | null)[] };
}[T];

/** What names numbers: files and classes. */
export interface TableNames {
  /** The file of each image of the split; null for images in memory. */
  readonly files: readonly string[] | null;
  readonly classes: readonly string[];
}

/** How many of the likeliest classes have columns of their own. */
const likeliest = 5;

/**
 * Columns over the rows. `accepted` says of each image of the split whether its answer is accepted by re-assessed labels (null: left
 * out), where there are some. Of a broken image only index, file, label and problem are there.
 */
export const predictionColumns = (
  rows: readonly PredictionRow[],
  { files, classes }: TableNames,
  accepted: ReadonlyMap<number, boolean | null> | null,
): readonly Column[] => {
  const nameOf = (label: number | null): string | null => (label === null ? null : (classes[label] ?? String(label)));
  const ranks = Array.from({ length: Math.min(likeliest, classes.length) }, (_, rank) => rank);
  return [
    { name: "index", type: "INT32", values: rows.map(({ index }) => index) },
    { name: "file", type: "STRING", values: rows.map(({ index }) => files?.[index] ?? null) },
    { name: "label", type: "INT32", values: rows.map(({ label }) => label) },
    { name: "label_name", type: "STRING", values: rows.map(({ label }) => nameOf(label)) },
    { name: "predicted", type: "INT32", values: rows.map(({ predicted }) => predicted) },
    { name: "predicted_name", type: "STRING", values: rows.map(({ predicted }) => nameOf(predicted)) },
    { name: "probability", type: "DOUBLE", values: rows.map(({ probability }) => probability) },
    { name: "label_probability", type: "DOUBLE", values: rows.map(({ labelProbability }) => labelProbability) },
    { name: "loss", type: "DOUBLE", values: rows.map(({ loss }) => loss) },
    { name: "correct", type: "BOOLEAN", values: rows.map(({ correct }) => correct) },
    ...(accepted === null
      ? []
      : [{ name: "accepted", type: "BOOLEAN", values: rows.map(({ index }) => accepted.get(index) ?? null) } as const]),
    ...ranks.flatMap((rank) => {
      const classAt = (row: PredictionRow) => row.likeliest[rank]?.label ?? null;
      return [
        { name: `top${rank + 1}`, type: "INT32", values: rows.map(classAt) },
        { name: `top${rank + 1}_name`, type: "STRING", values: rows.map((row) => nameOf(classAt(row))) },
        {
          name: `top${rank + 1}_probability`,
          type: "DOUBLE",
          values: rows.map((row) => row.likeliest[rank]?.probability ?? null),
        },
      ] as const;
    }),
    { name: "broken", type: "BOOLEAN", values: rows.map(({ problem }) => problem !== null) },
    { name: "problem", type: "STRING", values: rows.map(({ problem }) => problem) },
  ];
};
