// Commands' events on stderr, for people: a line for each fact, and a bar while something takes its time. Where stderr is no
// terminal there is no bar, and steps are told at a bounded rate.
import { basename } from "node:path";
import type { CommandEvent, EstimateEvent } from "../commands/events.ts";
import { formatCount, formatDuration, formatNumber, formatPercent } from "../commands/report/format.ts";
import type { EpochEvent, StepEvent } from "../train/events.ts";
import type { ProgressBar } from "./progress-bar.ts";
import { factLines } from "./table.ts";
import { formatBytes } from "./units.ts";

export interface EventPrinterOptions {
  readonly print: (line: string) => void;
  /** Null where stderr is no terminal. */
  readonly bar: ProgressBar | null;
  readonly monotonicMs: () => number;
}

export interface EventPrinter {
  onEvent(event: CommandEvent): void;
  /** Takes the bar away before other lines are printed. */
  clear(): void;
}

/** Without a terminal, steps and the like are told no more often, in ms. */
const quietMs = 10_000;

const plural = (count: number, one: string, many = `${one}s`): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`;

/** The sizes of images, where they aren't one and the same. */
const sizesFact = ({ sizes, evaluationSize }: EstimateEvent): readonly (readonly [string, string])[] => {
  const tested = evaluationSize.join("×");
  if (sizes.every(({ imageSize }) => imageSize.join("×") === tested)) return [];
  const trained = sizes.map(({ imageSize, epochs, secondsPerEpoch }) => {
    const each = secondsPerEpoch === null ? "" : `, ${formatDuration(secondsPerEpoch)} each`;
    return `${imageSize.join("×")} for ${plural(epochs, "epoch")}${each}`;
  });
  return [["images", `${trained.join("; ")}; evaluation at ${tested}`]];
};

/** Lines about a training before it begins. */
export const estimateLines = (event: EstimateEvent): readonly string[] => {
  const { imagesPerSecond, secondsPerEpoch, epochs, engine, threads, batch, stepsPerEpoch } = event;
  const parts = [
    `arena ${formatBytes(event.arenaBytes)}`,
    `state ${formatBytes(event.stateBytes)}`,
    `loader ${formatBytes(event.loaderBytes)}`,
    `images ${formatBytes(event.sourceBytes)}`,
    ...(event.decodingBytes > 0 ? [`decoding at most ${formatBytes(event.decodingBytes)}`] : []),
    `checkpoint ${formatBytes(event.checkpointBytes)}`,
    ...(event.evaluationArenaBytes > 0 ? [`validation ${formatBytes(event.evaluationArenaBytes)}`] : []),
  ];
  const largest = event.sizes.length > 1 ? " of the largest images" : "";
  const time =
    imagesPerSecond === null || secondsPerEpoch === null || event.seconds === null
      ? "not known before the first steps"
      : `${formatDuration(secondsPerEpoch)} an epoch${largest} at ${formatCount(imagesPerSecond)} images/s, ` +
        `${formatDuration(event.seconds)} for ${plural(epochs, "epoch")}, without evaluation`;
  return factLines([
    ["training", `${event.model}, batches of ${formatCount(batch)}, ${plural(stepsPerEpoch, "step")} an epoch`],
    ...(event.frozenParameters > 0 || event.frozen !== ""
      ? [
          [
            "learns",
            `${formatCount(event.learnedParameters)} of ${plural(event.learnedParameters + event.frozenParameters, "parameter")}; ${event.frozen}`,
          ] as const,
        ]
      : []),
    ...sizesFact(event),
    ["engine", engine === "reference" ? engine : `${engine}, ${plural(threads, "thread")}`],
    [
      "memory",
      `${formatBytes(event.totalBytes)} of ${formatBytes(event.availableMemoryBytes)} available: ${parts.join(", ")}`,
    ],
    ["time", time],
    ...(event.slowCode === null ? [] : [["slow code", event.slowCode] as const]),
  ]);
};

const stepText = ({ loss, accuracy, imagesPerSecond, secondsLeft }: StepEvent): string =>
  `loss ${loss.toFixed(4)}  accuracy ${formatPercent(accuracy, 1)}  ${formatCount(imagesPerSecond)} images/s  ${formatDuration(secondsLeft)} left`;

const epochText = (event: EpochEvent, epochs: number): string => {
  const { epoch, trainLoss, trainAccuracy, validationAccuracy, validationLoss, seconds } = event;
  const validation =
    validationAccuracy === undefined || validationLoss === undefined
      ? ""
      : `  validation: loss ${validationLoss.toFixed(4)}, accuracy ${formatPercent(validationAccuracy)}`;
  const training =
    trainLoss === null || trainAccuracy === null
      ? "all its steps were skipped"
      : `loss ${trainLoss.toFixed(4)}  accuracy ${formatPercent(trainAccuracy)}`;
  return `epoch ${epoch}/${epochs}  ${training}${validation}  after ${formatDuration(seconds)}`;
};

export const createEventPrinter = ({ print, bar, monotonicMs }: EventPrinterOptions): EventPrinter => {
  let [stepsPerEpoch, epochs, lastTold] = [1, 1, monotonicMs()];
  const line = (text: string): void => {
    bar?.clear();
    print(text);
  };
  const seldom = (text: () => string): void => {
    if (monotonicMs() - lastTold < quietMs) return;
    lastTold = monotonicMs();
    print(text());
  };
  /** Of an evaluation: its first batch, which had programs to compile, isn't counted. */
  let evaluating = { split: "", images: 0, at: 0 };
  const rateText = (split: string, images: number, ofImages: number): string => {
    const now = monotonicMs();
    if (split !== evaluating.split || images <= evaluating.images) evaluating = { split, images, at: now };
    const seconds = (now - evaluating.at) / 1000;
    if (seconds <= 0) return "";
    const rate = (images - evaluating.images) / seconds;
    return `  ${rate < 10 ? formatNumber(rate, 2) : formatCount(rate)} a second  ${formatDuration((ofImages - images) / rate)} left`;
  };
  const printers: { readonly [E in CommandEvent["event"]]: (event: Extract<CommandEvent, { event: E }>) => void } = {
    data: ({ origin, trainImages, validationImages, testImages }) => {
      const held = validationImages > 0 ? `, ${formatCount(validationImages)} held out for validation` : "";
      line(`data      ${origin}: ${formatCount(trainImages)} training${held}, ${formatCount(testImages)} test images`);
    },
    download: ({ address, receivedBytes, totalBytes }) => {
      const text = `${formatBytes(receivedBytes)} of ${formatBytes(totalBytes)}`;
      if (bar === null) seldom(() => `downloading ${address}: ${text}`);
      else bar.update(`downloading ${basename(address)}`, receivedBytes, totalBytes, text);
    },
    estimate: (event) => {
      for (const text of estimateLines(event)) line(text);
    },
    run: ({ directory, step }) =>
      line(`run       ${directory}${step > 0 ? `, from step ${formatCount(step)} on` : ""}`),
    start: (event) => {
      stepsPerEpoch = event.stepsPerEpoch;
      epochs = event.epochs;
      const { droppedPerEpoch, parameters, arenaBytes } = event;
      const dropped =
        droppedPerEpoch > 0
          ? `; each epoch leaves out ${plural(droppedPerEpoch, "image")}, for want of a full batch`
          : "";
      line(`network   ${formatCount(parameters)} parameters, arena ${formatBytes(arenaBytes)} as compiled${dropped}`);
    },
    size: ({ imageSize, epoch, arenaBytes }) =>
      line(`images    ${imageSize.join("×")} from epoch ${epoch} on, arena ${formatBytes(arenaBytes)} as compiled`),
    step: (event) => {
      const task = `epoch ${event.epoch}/${epochs}`;
      const done = event.step - (event.epoch - 1) * stepsPerEpoch;
      if (bar === null) seldom(() => `${task}  step ${done}/${stepsPerEpoch}  ${stepText(event)}`);
      else bar.update(task, done, stepsPerEpoch, stepText(event));
    },
    epoch: (event) => line(epochText(event, epochs)),
    "stopped early": ({ epoch, bestAccuracy }) =>
      line(`stopped early after epoch ${epoch}: no validation was better than ${formatPercent(bestAccuracy)} any more`),
    skipped: ({ step, reason, loss, threshold, skippedSteps }) => {
      const why = reason === "spike" ? `above ${formatNumber(threshold ?? Number.NaN, 4)}` : "not finite";
      line(
        `warning: step ${formatCount(step)} was skipped: the loss ${formatNumber(loss, 4)} is ${why} (${formatCount(skippedSteps)} skipped so far)`,
      );
    },
    "worker replaced": ({ message }) => line(`warning: ${message}`),
    interrupted: () => {},
    checkpoint: () => {},
    evaluating: ({ split, images, ofImages, views }) => {
      const what = views === undefined ? "images" : `views (${views} an image)`;
      const text = `${what}${rateText(split, images, ofImages)}`;
      if (bar === null) seldom(() => `evaluating ${split}: ${formatCount(images)} of ${formatCount(ofImages)} ${text}`);
      else bar.update(`evaluating ${split}`, images, ofImages, text);
      if (images === ofImages) bar?.clear();
    },
    probing: ({ folder, files, ofFiles }) => {
      const text = `${formatCount(files)} of ${formatCount(ofFiles)} files`;
      if (bar === null) seldom(() => `looking at ${folder}: ${text}`);
      else bar.update(`looking at ${basename(folder)}`, files, ofFiles, "files");
    },
    inspecting: ({ name, images, ofImages, imagesPerSecond, secondsLeft }) => {
      const text = `${formatCount(imagesPerSecond)} images/s, ${formatDuration(secondsLeft)} left`;
      if (bar === null)
        seldom(() => `inspecting ${name}: ${formatCount(images)} of ${formatCount(ofImages)} images, ${text}`);
      else bar.update(`inspecting ${name}`, images, ofImages, text);
      if (images === ofImages) bar?.clear();
    },
    statistics: ({ images, ofImages }) => {
      if (bar === null)
        seldom(() => `statistics of ${formatCount(images)} of ${formatCount(ofImages)} training images`);
      else bar.update("statistics", images, ofImages, "training images");
      if (images === ofImages) bar?.clear();
    },
    packing: ({ folder, images, ofImages }) => {
      if (bar === null) seldom(() => `packing ${folder}: ${formatCount(images)} of ${formatCount(ofImages)} images`);
      else bar.update(`packing ${basename(folder)}`, images, ofImages, "images");
      if (images === ofImages) bar?.clear();
    },
    calibrating: ({ images, ofImages }) => {
      if (bar === null)
        seldom(() => `activations of ${formatCount(images)} of ${formatCount(ofImages)} training images`);
      else bar.update("measuring activations", images, ofImages, "training images");
      if (images === ofImages) bar?.clear();
    },
    report: () => {},
    notice: ({ message }) => line(message),
    broken: ({ message }) => line(`warning: ${message}`),
    warning: ({ message }) => line(`warning: ${message}`),
    end: ({ testAccuracy, testAccuracyInterval: [low, high], top5, loss, imagesPerSecond, seconds }) => {
      line(
        `test accuracy ${formatPercent(testAccuracy)} (95 % interval ${formatPercent(low)} … ${formatPercent(high)}), ` +
          `top-5 ${formatPercent(top5)}, loss ${formatNumber(loss, 4)}; ${formatDuration(seconds)} at ${formatCount(imagesPerSecond)} images/s`,
      );
    },
  };
  const onEvent = <E extends CommandEvent["event"]>(
    event: Extract<CommandEvent, { event: E }> & { event: E },
  ): void => {
    const printer: (event: Extract<CommandEvent, { event: E }>) => void = printers[event.event];
    printer(event);
  };
  return { onEvent, clear: () => bar?.clear() };
};
