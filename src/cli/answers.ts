// The commands that answer at once or with one document: models, summary, predict, init, convert, pull, doctor. Each runs the command
// and shows its document.

import { UsageError } from "../base/errors.ts";
import { formatShape } from "../base/shape.ts";
import { chooseModel, isSpecPath, readSpec, type WeightsOptions } from "../commands/choose-model.ts";
import { type ConvertOptions, convert } from "../commands/convert.ts";
import { type DoctorProbes, doctor, formatDoctorReport } from "../commands/doctor.ts";
import { init } from "../commands/init.ts";
import { models } from "../commands/models.ts";
import { type PredictOptions, predict } from "../commands/predict.ts";
import { type PullEnvironment, pull } from "../commands/pull.ts";
import { formatCount, formatLarge, formatProbability } from "../commands/report/format.ts";
import { summary } from "../commands/summary.ts";
import { namedSpec, type SpecOptions } from "../spec/named-networks.ts";
import type { ResNetSpec } from "../spec/spec.ts";
import { answer, type Session } from "./session.ts";
import { left, right, tableLines } from "./table.ts";

export const answerModels = (session: Session): void => {
  const entries = models();
  answer(session, entries, () =>
    tableLines(
      [left("family"), left("model"), right("parameters"), right("MACs"), left("input"), right("classes")],
      entries.map(({ name, family, parameters, macs, input, classes }, i) => [
        family === entries[i - 1]?.family ? "" : family, // once for all its networks
        name,
        formatCount(parameters),
        formatLarge(macs),
        formatShape(input),
        formatCount(classes),
      ]),
    ),
  );
};

/** The spec that a model's name, a spec file, a run or a weights file stands for. */
const specOf = async (model: string, options: SpecOptions, session: Session): Promise<ResNetSpec> => {
  const { host, cacheFolder, onEvent } = session.environment;
  const { cwd } = host;
  if (await isSpecPath(model, cwd)) return readSpec(model, cwd, options);
  try {
    return namedSpec(model, options);
  } catch (error) {
    if (!(error instanceof UsageError) || !error.message.startsWith("unknown model")) throw error;
    const given = Object.keys(options).map((name) => `--${name}`);
    const { spec } = await chooseModel(model, {}, { cwd, cacheFolder, onEvent });
    if (given.length === 0) return spec;
    throw new UsageError(
      `${given.join(" and ")} can be chosen for a network's name or spec file; ${model} holds weights, which decide them`,
    );
  }
};

export const answerSummary = async (model: string, options: SpecOptions, session: Session): Promise<void> => {
  const document = summary(await specOf(model, options, session));
  const { name, parameters, macs, layers } = document;
  answer(session, document, () => [
    ...tableLines(
      [left("layer"), left("operation"), left("output"), right("parameters"), right("MACs")],
      [
        ...layers.map((layer) => [
          layer.name,
          layer.op,
          formatShape(layer.output),
          layer.parameters === 0 ? "" : formatCount(layer.parameters),
          layer.macs === 0 ? "" : formatCount(layer.macs),
        ]),
        [name, "", "", formatCount(parameters), formatCount(macs)],
      ],
    ),
  ]);
};

export const answerPredict = async (options: PredictOptions, session: Session): Promise<void> => {
  const documents = await predict(options, session.environment);
  answer(session, documents, () =>
    tableLines(
      [left("file"), left("class"), right("probability"), left("then")],
      documents.map(({ file, predictions: [first, ...others] }) => [
        file,
        first?.label ?? "no answer",
        first === undefined ? "" : formatProbability(first.probability),
        others.map(({ label, probability }) => `${label} ${formatProbability(probability)}`).join(", "),
      ]),
    ),
  );
};

export const answerInit = async (
  model: string,
  file: string,
  options: WeightsOptions & SpecOptions,
  session: Session,
): Promise<void> => {
  const { cwd } = session.environment.host;
  const { seed = 0, input, classes } = options;
  const spec = await readSpec(model, cwd, { ...(input && { input }), ...(classes !== undefined && { classes }) });
  const document = await init(spec, file, seed, cwd);
  answer(session, document, () => [
    `${document.file}: ${formatCount(document.parameters)} parameters in ${formatCount(document.tensors)} tensors, by seed ${seed}`,
  ]);
};

export const answerConvert = async (
  from: string,
  to: string,
  options: ConvertOptions,
  session: Session,
): Promise<void> => {
  const { host, cacheFolder, onEvent } = session.environment;
  const document = await convert(from, to, { cwd: host.cwd, cacheFolder, onEvent }, options);
  answer(session, document, () => {
    const { file, found, tensors, parameters, lost } = document;
    const left = lost.length === 0 ? "" : `; this format has no place for ${lost.join(", ")}`;
    return [
      `read      ${found}`,
      `${file}: ${formatCount(parameters)} parameters in ${formatCount(tensors)} tensors${left}`,
    ];
  });
};

export const answerPull = async (name: string, environment: PullEnvironment, session: Session): Promise<void> => {
  const document = await pull(name, environment);
  answer(session, document, () => [
    `${document.name}: ${formatCount(document.parameters)} parameters in ${document.file}`,
    `sha256    ${document.sha256}`,
  ]);
};

export const answerDoctor = async (probes: DoctorProbes, session: Session): Promise<void> => {
  const document = await doctor(probes);
  answer(session, document, () => formatDoctorReport(document).split("\n"));
};
