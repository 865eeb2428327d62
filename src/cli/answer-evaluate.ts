// The answer of `residual evaluate`: tables for people, one document for programs.
import { protocolText, reassessedLines } from "../commands/evaluate/describe.ts";
import { type EvaluateOptions, type EvaluateResult, evaluate } from "../commands/evaluate.ts";
import { formatCount, formatInterval, formatMetric, formatNumber, formatPercent } from "../commands/report/format.ts";
import type { Metric } from "../evaluate/interval.ts";
import { answer, type Session } from "./session.ts";
import { left, right, tableLines } from "./table.ts";

/** What the new statistics changed. */
const reestimationLines = ({ document: { reestimated }, before, evaluation }: EvaluateResult): readonly string[] => {
  if (reestimated === undefined || before === null) return [];
  const { images, batch, batches, largestMeanChange, file } = reestimated;
  const { layer, channel, deviations } = largestMeanChange;
  return [
    `batch norm's statistics: the average over ${formatCount(batches)} batches of ${formatCount(batch)} training images ` +
      `(${formatCount(images)} in all, not augmented); the largest change of a mean is ${formatNumber(deviations, 3)} deviations, in ${layer}, channel ${channel}`,
    ...tableLines(
      [left(`${before.split}, ${formatCount(before.n)} images`), right("before"), right("after")],
      [
        ["top-1", formatMetric(before.top1), formatMetric(evaluation.top1)],
        ["top-5", formatMetric(before.top5), formatMetric(evaluation.top5)],
        ["loss", formatMetric(before.loss), formatMetric(evaluation.loss)],
      ],
    ),
    file === null ? "nothing was written; keep the new statistics with --save <file.safetensors>" : `written   ${file}`,
    "",
  ];
};

/** What is missing of a fraction, as papers print it. */
const errorOf = ({ value, interval: [low, high], ...rest }: Metric): Metric => ({
  ...rest,
  value: 1 - value,
  interval: [1 - high, 1 - low],
});

const memberLines = ({ document: { members } }: EvaluateResult): readonly string[] =>
  members === undefined
    ? []
    : [
        "",
        ...tableLines(
          [left("each network alone"), right("top-1"), right("top-5"), right("loss")],
          members.map(({ weights, top1, top5, loss }) => [
            weights,
            formatPercent(top1),
            formatPercent(top5),
            loss.toFixed(4),
          ]),
        ),
      ];

const calibrationLine = ({ document: { calibration } }: EvaluateResult): string => {
  if (calibration === null) return "calibration: no image was answered";
  const { ece, bins, brier, confidence } = calibration;
  return `calibration: ECE ${formatPercent(ece)} (${bins.length} bins), Brier score ${brier.toFixed(4)}, mean confidence ${formatPercent(confidence)}`;
};

/** Classes with images; of a thousand, most data sets of one's own have a few. */
const classLines = ({ evaluation: { perClass }, classes }: EvaluateResult): readonly string[] => {
  const present = perClass.flatMap((metric, label) => (metric === null ? [] : [{ metric, label }]));
  const absent = perClass.length - present.length;
  return [
    ...tableLines(
      [left("class"), right("images"), right("accuracy"), left("95 % interval")],
      present.map(({ metric, label }) => [
        classes[label] ?? String(label),
        formatCount(metric.n),
        formatMetric(metric),
        formatInterval(metric),
      ]),
    ),
    ...(absent === 0
      ? []
      : [`${formatCount(absent)} more ${absent === 1 ? "class has" : "classes have"} no image here`]),
  ];
};

const evaluationLines = (result: EvaluateResult): readonly string[] => {
  const { split, n, top1, top5, loss, broken } = result.evaluation;
  const { protocol, members, reassessed, predictions, report } = result.document;
  const of = members === undefined ? "" : `, ensemble of ${members.length}`;
  return [
    ...reestimationLines(result),
    protocolText(protocol),
    ...tableLines(
      [left(`${split}, ${formatCount(n)} images${of}`), right("value"), left("95 % interval")],
      [
        ["top-1", formatMetric(top1), formatInterval(top1)],
        ["top-5", formatMetric(top5), formatInterval(top5)],
        ["top-1 error", formatMetric(errorOf(top1)), formatInterval(errorOf(top1))],
        ["top-5 error", formatMetric(errorOf(top5)), formatInterval(errorOf(top5))],
        ["loss", formatMetric(loss), formatInterval(loss)],
      ],
    ),
    calibrationLine(result),
    ...(broken.length === 0 ? [] : [`${formatCount(broken.length)} broken images are left out of every figure`]),
    ...memberLines(result),
    ...(reassessed === undefined ? [] : ["", "re-assessed labels", ...reassessedLines(reassessed)]),
    "",
    ...classLines(result),
    ...(predictions === undefined ? [] : [`predictions  ${predictions}`]),
    ...(report === undefined ? [] : [`report       ${report}`]),
  ];
};

export const answerEvaluate = async (options: EvaluateOptions, session: Session): Promise<void> => {
  const result = await evaluate(options, session.environment);
  answer(session, result.document, () => evaluationLines(result));
};
