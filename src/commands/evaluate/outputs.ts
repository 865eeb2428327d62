// What an evaluation leaves behind where it is asked to: a table of predictions, and a folder with a report.
import { mkdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { explainFileError } from "../../base/file-error.ts";
import { temporaryName, writeSynced } from "../../checkpoint/node/atomic-file.ts";
import type { ImageSource } from "../../data/source.ts";
import type { Evaluation } from "../../evaluate/evaluate.ts";
import { predictionRows } from "../../evaluate/prediction-rows.ts";
import { predictedClasses } from "../../evaluate/top-k.ts";
import { countMacs, countParameters } from "../../spec/counts.ts";
import type { CommandEnvironment } from "../environment.ts";
import { newFile } from "../new-file.ts";
import { formatCount, formatLarge } from "../report/format.ts";
import type { EvaluateDocument } from "./document.ts";
import type { Member } from "./open-members.ts";
import { predictionColumns } from "./prediction-columns.ts";
import { predictionsPath, writePredictions } from "./predictions-file.ts";
import type { AssessedLabels } from "./reassessment.ts";

export interface OutputOptions {
  /** A new .csv or .parquet file with a row for each image. */
  readonly predictions?: string;
  /** A new folder for report.html, its pictures, and the document as evaluation.json. */
  readonly out?: string;
}

/** Absolute paths. */
export interface OutputPaths {
  readonly predictions: string | null;
  readonly out: string | null;
}

/** Throws UsageError for what exists already or can't be written: before anything is computed. */
export const outputPaths = async ({ predictions, out }: OutputOptions, cwd: string): Promise<OutputPaths> => ({
  predictions: predictions === undefined ? null : await predictionsPath(predictions, cwd),
  out: out === undefined ? null : await newFile(out, cwd),
});

/** What there is to write. */
export interface Outcome {
  readonly document: EvaluateDocument;
  readonly evaluation: Evaluation;
  readonly source: ImageSource;
  readonly classes: readonly string[];
  readonly labels: AssessedLabels | null;
  readonly members: readonly [Member, ...Member[]];
  /** The data set's name. */
  readonly data: string;
}

const writeTable = async (path: string, { evaluation, source, classes, labels }: Outcome): Promise<void> => {
  const predicted = predictedClasses(evaluation.logits);
  const accepted =
    labels === null
      ? null
      : new Map(
          Array.from(evaluation.images, (image, row) => [
            image,
            labels.accepted[image]?.includes(predicted[row] ?? -1) ?? null,
          ]),
        );
  const names = { files: source.kind === "files" ? source.paths : null, classes };
  await writePredictions(path, predictionColumns(predictionRows(evaluation, source.labels), names, accepted));
};

/** Mistakes that the report shows. */
const shownMistakes = 24;

/** A folder whole or not at all. Throws UsageError, FileError as writing a file does. */
const writeFolder = async (path: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> => {
  const temporary = join(dirname(path), temporaryName(basename(path)));
  try {
    await mkdir(temporary);
    for (const [name, bytes] of files) await writeSynced(join(temporary, name), [bytes]);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {}); // the first error is the one to tell
    throw explainFileError(error, path, `write the report ${path}`);
  }
};

const writeReport = async (path: string, outcome: Outcome, environment: CommandEnvironment): Promise<void> => {
  const { document, evaluation, source, classes, members, data } = outcome;
  const [{ model }] = members;
  // Loaded when they are needed: what draws takes longer to load than most commands to answer.
  const { evaluationInput } = await import("../report/evaluation-input.ts");
  const { renderEvaluation } = await import("../report/render-evaluation.ts");
  const { cpu, cores } = environment.measureMachine();
  const names = members.map(({ weights }) => weights).join(" + ");
  const { html, pictures, warnings } = await renderEvaluation({
    title: `${members.length === 1 ? model.spec.name : `${members.length} networks`} on ${data}, ${document.split}`,
    evaluation: await evaluationInput(evaluation, source, model.preprocessing, shownMistakes),
    document,
    classes,
    facts: [
      ["Weights", names],
      ["Network", members.map(({ model: { spec } }) => spec.name).join(" + ")],
      ["Parameters", members.map(({ model: { spec } }) => formatCount(countParameters(spec))).join(" + ")],
      [
        "Multiply-accumulates of one look",
        members.map(({ model: { spec } }) => formatLarge(countMacs(spec))).join(" + "),
      ],
      ["Hardware", `${cpu}, ${cores} ${cores === 1 ? "core" : "cores"}`],
      ...Object.entries(environment.versions).map(([name, value]) => [`Version of ${name}`, value] as const),
    ],
    command: environment.command.join(" "),
  });
  const text = new TextEncoder();
  await writeFolder(
    path,
    new Map([
      ["report.html", text.encode(html)],
      ["evaluation.json", text.encode(`${JSON.stringify(document, null, 2)}\n`)],
      ...Object.entries(pictures),
    ]),
  );
  for (const message of warnings) environment.onEvent({ event: "warning", message });
};

/** Writes what was asked for; gives the paths for the document. */
export const writeOutputs = async (
  { predictions, out }: OutputPaths,
  outcome: Outcome,
  environment: CommandEnvironment,
): Promise<Pick<EvaluateDocument, "predictions" | "report">> => {
  if (predictions !== null) await writeTable(predictions, outcome);
  if (out !== null) await writeReport(out, outcome, environment);
  return { ...(predictions !== null && { predictions }), ...(out !== null && { report: out }) };
};
