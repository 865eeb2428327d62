// An evaluation in words: what the command line prints and the report repeats.
import { formatCount, formatInterval, formatPercent } from "../report/format.ts";
import type { EvaluateDocument, ReassessedDocument } from "./document.ts";

/** The protocol in a few words. */
export const protocolText = ({ name, tta, views, shorterSides }: EvaluateDocument["protocol"]): string => {
  const added = tta.length === 0 ? "" : ` with ${tta.join(" and ")}`;
  const sides = shorterSides.length === 0 ? "" : `, shorter side ${shorterSides.join(", ")}`;
  const looks =
    views === 1 ? "one look at each image" : `${formatCount(views)} looks at each image, probabilities averaged`;
  return `${name}${added}: ${looks}${sides}`;
};

/** What re-assessed labels change, in sentences. */
export const reassessedLines = (reassessed: ReassessedDocument): readonly string[] => {
  const { top1, interval, plainTop1, agree, assessed, leftOut, becameRight, becameWrong } = reassessed;
  const rule = agree === null ? "accepted labels" : `at least ${agree.replace("/", " of ")} annotators`;
  const matched = `images matched by ${reassessed.matchedBy}`;
  const unmatched =
    reassessed.unmatched === 0 ? "" : `; ${formatCount(reassessed.unmatched)} entries are of no image of the split`;
  const counts = [
    `${formatCount(becameRight)} answers became right: not the data set's label, but accepted`,
    `${formatCount(becameWrong)} became wrong: the data set's label was rejected`,
    `${formatCount(leftOut)} images are left out: nobody says what is right`,
    `of the ${formatCount(assessed)} assessed, ${formatCount(reassessed.labelsRejected)} have a rejected label and ${formatCount(reassessed.severalAccepted)} more than one accepted class`,
  ];
  if (top1 === null || interval === null || plainTop1 === null) {
    return [`by ${rule}: every image is left out (${matched}${unmatched})`];
  }
  const between = formatInterval({ value: top1, unit: "fraction", n: assessed, interval });
  return [
    `by ${rule}: top-1 ${formatPercent(top1)} (95 % interval ${between}), n = ${formatCount(assessed)}; by the data set's labels ${formatPercent(plainTop1)} of the same images`,
    `${reassessed.file}: ${matched}${unmatched}`,
    ...counts,
  ];
};
