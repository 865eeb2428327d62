// The words of the command line: commands, arguments, options, help. With option-kinds.ts the only file that uses commander. What a command does is in
// answers.ts and answer-train.ts; numbers are read here, their meaning is checked by the commands.
import { Command, CommanderError, type Option } from "commander";
import { precisions } from "../base/dtype.ts";
import { UsageError } from "../base/errors.ts";
import type { ConvertOptions } from "../commands/convert.ts";
import { engineNames } from "../commands/environment.ts";
import { nodePullEnvironment } from "../library/node-environment.ts";
import { answerBench } from "./answer-bench.ts";
import { answerEvaluate } from "./answer-evaluate.ts";
import { answerQuantize } from "./answer-quantize.ts";
import { answerTrain } from "./answer-train.ts";
import {
  answerConvert,
  answerDoctor,
  answerInit,
  answerModels,
  answerPredict,
  answerPull,
  answerSummary,
} from "./answers.ts";
import { type AddCommand, addDataCommands } from "./data-commands.ts";
import { type Judgement, judgementOptions, weightsAndData } from "./evaluate-options.ts";
import type { ExitStatus } from "./exit-status.ts";
import { number, option, shapeOf } from "./option-kinds.ts";
import { doctorProbes } from "./probes.ts";
import type { Session } from "./session.ts";
import { sizeNames, sizeOptions } from "./size-options.ts";
import { survivalNames, survivalOptions } from "./survival-options.ts";
import type { Bench, Common, Evaluate, Predict, Quantize, Reestimation, Shapes, Train, Weights } from "./words.ts";

export interface ProgramOptions {
  readonly version: string;
  readonly recipes: readonly string[];
  /** Lines about usage, help included. */
  readonly print: (text: string) => void;
  /** Runs a command in a session of its own; gives nothing, for the exit status is kept there. */
  readonly inSession: (json: boolean, run: (session: Session) => Promise<ExitStatus | undefined>) => Promise<void>;
}

const engineOptions = (): readonly Option[] => [
  option("--engine <name>", `${engineNames.join(" or ")} (default: onednn)`),
  number("--threads <n>", "threads that compute (default: the cores that this process may use)"),
  option("--convolution <algorithm>", "direct, or auto: maybe Winograd's (default: direct to train, else auto)"),
];
const choicesOption = (): Option =>
  option(
    "--choices <how>",
    "the code of each convolution: measured, remembered by this machine (default), or by rules",
  );
const dtypeOption = (types: readonly string[] = precisions): Option =>
  option("--dtype <type>", `activations are computed in ${types.join(" or ")} (default: f32)`);
const weightsOptions = (seed = "for fresh weights, where <weights> is a network's name"): readonly Option[] => [
  number("--seed <n>", seed),
  option("--model <name|file.json>", "the network of a weights file that doesn't say"),
];
const shapeOptions = (): readonly Option[] => [
  option("--input <CxHxW>", "images of a named network, such as 1x28x28").argParser(shapeOf),
  number("--classes <n>", "classes of a named network"),
];

/** Options that belong to a new run: a resumed one has its own. */
const ofNewRuns = [
  "model",
  "recipe",
  "batch",
  "learningRate",
  ...sizeNames,
  "dtype",
  "seed",
  "validation",
  "patience",
  "weights",
  "fromScratch",
  "pull",
  "freeze",
  "batchNorm",
  ...survivalNames,
  "out",
  "dryRun",
  "choices",
] as const;

const trainRequest = (data: string | undefined, options: Train) => {
  const { resume, pull, ...told } = options;
  const rest = { ...told, ...(!pull && { pull }) };
  const named = { ...rest, ...(data !== undefined && { data }) };
  if (resume === undefined) return { ...(rest.engine !== "reference" && { choices: "measured" }), ...named };
  const given = ofNewRuns.find((name) => rest[name] !== undefined);
  if (given !== undefined) {
    const flag = given === "pull" ? "no-pull" : given.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new UsageError(`--resume goes on with a run as it was begun; leave out --${flag}`);
  }
  const { engine, threads, convolution, epochs, workers, strict } = rest;
  return {
    resume,
    ...(data !== undefined && { data }),
    ...(engine !== undefined && { engine }),
    ...(threads !== undefined && { threads }),
    ...(convolution !== undefined && { convolution }),
    ...(epochs !== undefined && { epochs }),
    ...(workers !== undefined && { workers }),
    ...(strict !== undefined && { strict }),
  };
};

/** The whole command line. `parseAsync` throws CommanderError for usage and help, and what commands throw. */
export const createProgram = ({ version, recipes, print, inSession }: ProgramOptions): Command => {
  const program = new Command("residual")
    .description("ResNets for TypeScript: train, evaluate and use residual networks.")
    .version(version, "--version", "print the version")
    .helpOption("-h, --help", "print this")
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ writeOut: print, writeErr: print })
    .configureHelp({ sortSubcommands: false });

  const command: AddCommand = (usage, description, options, group = program) => {
    const added = group.command(usage).description(description).helpOption("-h, --help", "print this");
    for (const each of options) added.addOption(each);
    return added
      .option("--json", "print the answer as JSON on stdout")
      .option("--debug", "print where an error comes from");
  };
  const done = async (work: Promise<void> | void): Promise<undefined> => {
    await work;
    return undefined;
  };

  command("models", "every named network", []).action((options: Common) =>
    inSession(options.json === true, (session) => done(answerModels(session))),
  );
  command("summary <model>", "a network layer by layer; <model> is a name, a spec.json, a run or a weights file", [
    ...shapeOptions(),
  ]).action((model: string, { json, ...options }: Common & Shapes) =>
    inSession(json === true, (session) => {
      const { input, classes } = options;
      const shapes = { ...(input && { input }), ...(classes !== undefined && { classes }) };
      return done(answerSummary(model, shapes, session));
    }),
  );
  command(
    "train [data]",
    "trains on a data set: a name such as fashion-mnist, or a folder of photographs, shards, Parquet, CIFAR or IDX files",
    [
      option("--recipe <name|file.json>", `how to train: ${recipes.join(", ")}, or a file`),
      option(
        "--model <name|file.json>",
        "the network (default: the recipe's, pretrained weights' for photographs, or resnet20)",
      ),
      number("--epochs <n>", "times through the training images"),
      number("--batch <n>", "images of a step"),
      number("--learning-rate <rate>", "of the schedule, at its highest"),
      ...sizeOptions(),
      dtypeOption(),
      number("--seed <n>", "decides weights, order and augmentation"),
      number("--validation <n>", "training images held out for choices"),
      number("--patience <epochs>", "ends when so many in a row have not been better on validation (default: never)"),
      option(
        "--weights <run|file|name>",
        "weights to start from, with their network; a fresh head where classes differ",
      ),
      option(
        "--from-scratch",
        "fresh weights for photographs as well (default: pretrained ones, where they can be had)",
      ),
      option("--no-pull", "download no pretrained weights; what the cache holds is used"),
      option("--freeze <part>", "with --weights: none, body, or how many stages stay (default: the recipe's)"),
      option("--batch-norm <how>", "of layers that learn: train, fixed-statistics or frozen (default: the recipe's)"),
      ...survivalOptions(),
      option("--out <directory>", "the run directory (default: runs/<name>)"),
      option("--resume <run>", "go on with a run"),
      option("--strict", "stop, with a list, where images can't be used, instead of training without them"),
      option("--dry-run", "say what it would take, and stop"),
      number("--workers <n>", "threads that prepare batches (default: 1, or for pictures as many as cores, at most 4)"),
      ...engineOptions(),
      choicesOption(),
    ],
  ).action((data: string | undefined, { json, ...options }: Common & Train) =>
    inSession(json === true, (session) => answerTrain(trainRequest(data, options), session)),
  );
  command("evaluate <weights...>", "how well a network, or an ensemble of several, does on a split of <data>", [
    option("--split <name>", "test, train or validation (default: test)"),
    number("--validation <n>", "training images held out, as in training (default: as many as the run did)"),
    number("--batch <n>", "images at once (default: 128)"),
    option("--strict", "stop, with a list, where images can't be used, instead of evaluating without them"),
    ...judgementOptions(),
    option(
      "--reestimate-statistics",
      "first average batch norm's statistics over batches of the training split, in the precision of --dtype",
    ),
    number("--statistics-batch <n>", "images of such a batch (default: the run's, or 128)"),
    option("--save <file.safetensors>", "a new file for the model with the new statistics"),
    dtypeOption(),
    ...weightsOptions("decides which images are held out (default: the run's, or 0), and fresh weights of a network"),
    ...engineOptions(),
  ])
    .usage("<weights...> <data> [options]")
    .action((words: readonly string[], { json, ...options }: Common & Evaluate & Judgement & Reestimation) =>
      inSession(json === true, (session) => {
        const { weights, data } = weightsAndData(words);
        return done(answerEvaluate({ ...options, weights, data }, session));
      }),
    );
  command("predict <weights> <images...>", "names what is in PNG, JPEG, WebP, AVIF or GIF pictures", [
    number("--top <n>", "classes told for each picture (default: 5)"),
    dtypeOption(),
    ...weightsOptions(),
    ...engineOptions(),
  ]).action((weights: string, images: string[], { json, ...options }: Common & Predict) =>
    inSession(json === true, (session) => done(answerPredict({ ...options, weights, images }, session))),
  );
  command("init <model> <file>", "writes fresh weights as safetensors", [
    number("--seed <n>", "decides the weights (default: 0)"),
    ...shapeOptions(),
  ]).action((model: string, file: string, { json, ...options }: Common & Shapes & Weights) =>
    inSession(json === true, (session) => done(answerInit(model, file, options, session))),
  );
  command(
    "convert <in> <out>",
    "weights from one format to another; <out> ends in .safetensors, .pth, .npz, .onnx, or / (a Keras model)",
    [
      option("--floats <type>", "what numbers are stored as").choices(["f32", "f16", "bf16"]),
      option(
        "--names <family>",
        "whose names tensors get: torchvision (default), timm-resnetv2, cifar-ports, …, or kept",
      ),
      option("--model <name|file.json>", "the network of a weights file that doesn't say"),
      number("--opset <n>", "of an ONNX model: the version of its operators, 17 (default) to 23"),
      option("--fold-batch-norm", "of an ONNX model: batch norms folded into convolutions"),
    ],
  ).action((from: string, to: string, { json, ...options }: Common & ConvertOptions) =>
    inSession(json === true, (session) => done(answerConvert(from, to, options, session))),
  );
  command("pull <name>", "fetches pretrained weights: resnet50-keras, or hf:owner/repository", []).action(
    (name: string, { json }: Common) =>
      inSession(json === true, (session) => {
        const { signal, onEvent } = session.environment;
        return done(answerPull(name, nodePullEnvironment({ signal, onEvent }), session));
      }),
  );
  addDataCommands(program, command, inSession);
  command("quantize <weights> <out>", "weights of bytes, for predict and evaluate; <out> ends in .safetensors", [
    option("--calibrate <data>", "activations are measured on its training images").makeOptionMandatory(),
    number("--images <n>", "so many of them (default: 256)"),
    option("--split <name>", "images to compare both on: test (default) or validation"),
    number("--validation <n>", "training images held out (default: as many as the run did)"),
    number("--batch <n>", "images at once when both are compared (default: 32)"),
    ...weightsOptions("decides which images are held out (default: the run's, or 0), and fresh weights of a network"),
    ...engineOptions(),
  ]).action((weights: string, out: string, { json, ...options }: Common & Quantize) =>
    inSession(json === true, (session) => done(answerQuantize({ ...options, weights, out }, session))),
  );
  command("bench <train|infer>", "checks the numbers, then times whole steps on synthetic images: about a minute", [
    option("--model <name>", "a named network").makeOptionMandatory(),
    number("--batch <n>", "images of a step").makeOptionMandatory(),
    dtypeOption([...precisions, "int8"]),
    number("--image <side>", "height and width of the images (default: the network's)"),
    number("--seconds <n>", "for how long steps are timed (default: 20)"),
    option("--profile", "the time of each node as well, and what computes it"),
    option("--picture <file>", "draws the profile to an .svg or .png file"),
    ...engineOptions(),
    choicesOption(),
  ]).action((what: string, { json, ...options }: Common & Bench) =>
    inSession(json === true, (session) => done(answerBench({ ...options, what }, session))),
  );
  command("doctor", "which engines, libraries and data this machine has, and how to get the rest", []).action(
    (options: Common) => inSession(options.json === true, (session) => done(answerDoctor(doctorProbes(), session))),
  );
  return program;
};

/** The exit status of commander's own errors, which are printed already; null for other errors. */
export const usageStatusOf = (error: unknown): ExitStatus | null => {
  if (!(error instanceof CommanderError)) return null;
  return error.exitCode === 0 ? 0 : 2;
};
