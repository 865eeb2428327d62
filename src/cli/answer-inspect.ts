// `residual data inspect`: its findings as tables for people, or its document.

import { unbalancedSentence } from "../commands/data/class-balance.ts";
import { type InspectOptions, inspect } from "../commands/data/inspect.ts";
import type { InspectDocument, PreparationRate, SameImages, Spread } from "../commands/data/inspect-document.ts";
import { formatCount, formatNumber } from "../commands/report/format.ts";
import { printable } from "../data/node/printable.ts";
import { answer, type Session } from "./session.ts";
import { factLines, left, right, tableLines } from "./table.ts";

/** Lines of a list; the rest is counted, and in the JSON document. */
const mostLines = 20;
const mostClasses = 100;

const listed = <T>(items: readonly T[], most: number, line: (item: T) => string): readonly string[] => [
  ...items.slice(0, most).map((item) => `  ${line(item)}`),
  ...(items.length > most ? [`  and ${formatCount(items.length - most)} more (--json lists all)`] : []),
];

const counted = (count: number, one: string, many = `${one}s`): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`;

const spread = ({ min, median, max }: Spread, digits = 0): string => {
  const format = (value: number) => (digits === 0 ? formatCount(value) : formatNumber(value, digits));
  return min === max ? format(min) : `${format(min)} … ${format(max)}, half of them up to ${format(median)}`;
};

const tallied = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${formatCount(count)} ${name}`)
    .join(", ");

const classLines = ({ splits }: InspectDocument): readonly string[] => {
  const classes = splits[0]?.classes ?? [];
  return [
    ...tableLines(
      [left("class"), ...splits.map(({ split }) => right(split))],
      [
        ...classes
          .slice(0, mostClasses)
          .map(({ name }, label) => [
            printable(name),
            ...splits.map((split) => formatCount(split.classes[label]?.images ?? 0)),
          ]),
        ["all", ...splits.map(({ images }) => formatCount(images))],
      ],
    ),
    ...(classes.length > mostClasses ? [`${formatCount(classes.length - mostClasses)} more classes: see --json`] : []),
  ];
};

/** How fast one worker prepares pictures, and what decoding at a fraction of their size is worth. */
const speedText = ({ images, size, imagesPerSecond, reducedImages, wholeImagesPerSecond }: PreparationRate): string => {
  const reduced =
    reducedImages === 0
      ? "none could be decoded at a fraction of its size"
      : `${formatCount(reducedImages)} of ${formatCount(images)} decoded at a fraction of their size, ${formatCount(wholeImagesPerSecond)} images/s whole`;
  return `${formatCount(imagesPerSecond)} images/s for one worker, random crops of ${size.join("×")}: ${reduced}`;
};

const sizeLines = ({ sizes, formats, modes, turned, animated, preparation }: InspectDocument): readonly string[] =>
  factLines([
    ...(sizes === null
      ? []
      : [
          ["width", `${spread(sizes.width)} pixels`] as const,
          ["height", `${spread(sizes.height)} pixels`] as const,
          ["aspect", `${spread(sizes.aspect, 3)} (width ÷ height)`] as const,
        ]),
    ["formats", tallied(formats)],
    ["colours", tallied(modes)],
    ...(turned > 0 ? [["turned", `${counted(turned, "image")}, as EXIF says; that is applied`] as const] : []),
    ...(animated > 0 ? [["animated", `${counted(animated, "image")}; the first frame counts`] as const] : []),
    ...(preparation === null ? [] : [["speed", speedText(preparation)] as const]),
  ]);

const sameLine = ({ same, images }: SameImages): string =>
  `${images.map(({ split, class: of, image }) => `${split} ${printable(image)} (${printable(of)})`).join(" = ")}${same === "pixels" ? ", by pixels" : ""}`;

const brokenLines = ({ broken, decoded }: InspectDocument): readonly string[] => [
  broken.length === 0
    ? decoded
      ? "broken    none: every image was decoded"
      : "broken    none by headers and ends; nothing was decoded"
    : `broken    ${counted(broken.length, "file")}; training replaces them by other images, evaluation leaves them out`,
  ...listed(broken, mostLines, ({ image, problem }) => `${printable(image)} ${problem}`),
];

const duplicateLines = ({ duplicates, splits }: InspectDocument): readonly string[] => {
  const { withinClass, acrossClasses, betweenSplits } = duplicates;
  const kinds = [
    { groups: betweenSplits, says: "lie in two splits: accuracy on the held-out one is flattered by them" },
    { groups: acrossClasses, says: "lie in two classes: one label of each is wrong" },
    { groups: withinClass, says: "lie several times in one class and split: each counts so often" },
  ].filter(({ groups }) => groups.length > 0);
  if (kinds.length === 0) {
    return [`equal     none: no two images are the same${splits.length > 1 ? ", within a split or between them" : ""}`];
  }
  return kinds.flatMap(({ groups, says }) => [
    `equal     ${counted(groups.length, "image")} ${says}`,
    ...listed(groups, mostLines, sameLine),
  ]);
};

const lines = (document: InspectDocument): readonly string[] => {
  const unbalanced = unbalancedSentence(document.balance);
  return [
    `data      ${document.origin}`,
    "",
    ...classLines(document),
    ...(unbalanced === null ? [] : [`warning: ${unbalanced}`]),
    "",
    ...sizeLines(document),
    ...brokenLines(document),
    ...duplicateLines(document),
    ...(document.contactSheet === null ? [] : [`picture   ${document.contactSheet}`]),
  ];
};

/** Findings are no failure: the exit status is 0 with them. */
export const answerInspect = async (options: InspectOptions, session: Session): Promise<void> => {
  const document = await inspect(options, session.environment);
  answer(session, document, () => lines(document));
};
