// A model's answers to all images of a source, on an engine: what `residual evaluate`, the end of a training and the library share.
import type { Precision } from "../../base/dtype.ts";
import { tellBrokenOnce } from "../../data/node/broken-images.ts";
import { defaultWorkers, openEvaluationLoader } from "../../data/node/loader.ts";
import { takesTurns } from "../../data/node/turns.ts";
import type { BrokenImage } from "../../data/prepare.ts";
import type { Preprocessing } from "../../data/preprocessing.ts";
import { type ImageSource, selectImages } from "../../data/source.ts";
import type { Engine } from "../../engine/contract.ts";
import { type Evaluation, evaluate } from "../../evaluate/evaluate.ts";
import { evaluateViews, type ViewPass } from "../../evaluate/evaluate-views.ts";
import type { Pass } from "../../evaluate/protocol.ts";
import { type EvaluationPrograms, evaluationPrograms } from "../../train/evaluation-program.ts";
import type { CommandEnvironment } from "../environment.ts";
import type { TrainedModel } from "../trained-model.ts";
import { type ChosenProtocol, type ProtocolDocument, planProtocol } from "./choose-protocol.ts";

/** A model that knows how its images are prepared. */
export type PreparedModel = TrainedModel & { readonly preprocessing: Preprocessing };

export interface ModelEvaluationOptions {
  /** What the result calls the images. */
  readonly split: string;
  /** Images of the network's own size at once; of larger ones fewer, so that they take no more memory. */
  readonly batch: number;
  /** f32 by default. A quantised model computes as it is quantised. */
  readonly precision?: Precision;
  /** Once, as the model's preprocessing says, by default. */
  readonly protocol?: ChosenProtocol;
}

/** With how it was done. */
export interface ModelEvaluation extends Evaluation {
  readonly protocol: ProtocolDocument;
}

const ownProtocol: ChosenProtocol = { name: "own", added: [], scales: null };

/** What evaluating asks of a command's environment. */
export type EvaluationEnvironment = Pick<CommandEnvironment, "signal" | "onEvent" | "measureMachine">;

/** How images are loaded, whatever the pass. */
interface Loading {
  readonly takesTurns: boolean;
  readonly onBroken: (broken: BrokenImage) => void;
}

/** Opens the batches of a pass over its images, which are all of `source`. A thread for one batch would take longer than the batch. */
const loaderOf =
  ({ preprocessing, view }: Pass, source: ImageSource, batch: number, loading: Loading) =>
  () =>
    openEvaluationLoader({
      source,
      preprocessing,
      view,
      batch,
      ...loading,
      workers: source.labels.length <= batch ? 0 : defaultWorkers(source),
    });

const areaOf = ({ size: [height, width] }: Preprocessing): number => height * width;

/** The passes with their images and programs; programs live as long as passes are of their shape. */
async function* viewPasses(
  passes: readonly Pass[],
  source: ImageSource,
  own: Preprocessing,
  batch: number,
  open: () => EvaluationPrograms,
  loading: Loading,
): AsyncGenerator<ViewPass> {
  let [programs, shape]: [EvaluationPrograms | null, string] = [null, ""];
  try {
    for (const pass of passes) {
      const { preprocessing, images } = pass;
      const ofPass = preprocessing.size.join("×");
      if (programs === null || ofPass !== shape) {
        await programs?.dispose();
        [programs, shape] = [open(), ofPass];
      }
      const some = images === null || images.length === source.labels.length ? source : selectImages(source, images);
      const room = Math.max(1, Math.floor((batch * areaOf(own)) / areaOf(preprocessing)));
      const onBroken = ({ image, problem }: BrokenImage): void =>
        loading.onBroken({ image: images?.[image] ?? image, problem });
      yield {
        openBatches: loaderOf(pass, some, Math.min(room, some.labels.length), { ...loading, onBroken }),
        logitsFor: programs.logitsFor,
        images,
      };
    }
  } finally {
    await programs?.dispose();
  }
}

/** Evaluates a model on images, each counted once. */
export const evaluateModel = async (
  model: PreparedModel,
  source: ImageSource,
  { split, batch, precision = "f32", protocol = ownProtocol }: ModelEvaluationOptions,
  engine: Engine,
  { signal, onEvent, measureMachine }: EvaluationEnvironment,
): Promise<ModelEvaluation> => {
  const { passes, document } = await planProtocol(protocol, model.spec, model.preprocessing, source);
  const loading: Loading = {
    takesTurns: takesTurns({ engineThreads: engine.threads, cores: measureMachine().cores }),
    onBroken: tellBrokenOnce("evaluation", onEvent),
  };
  const state = await engine.createState(model.tensors);
  const open = (): EvaluationPrograms => evaluationPrograms(engine, model.spec, state, model.quantization ?? precision);
  const [only, ...others] = passes;
  try {
    if (only !== undefined && others.length === 0 && only.images === null) {
      const { logitsFor, dispose } = open();
      try {
        const evaluation = await evaluate({
          split,
          source,
          openBatches: loaderOf(only, source, Math.min(batch, source.labels.length), loading),
          logitsFor,
          onProgress: (images, ofImages) => onEvent({ event: "evaluating", split, images, ofImages }),
          ...(signal && { signal }),
        });
        return { ...evaluation, protocol: document };
      } finally {
        await dispose();
      }
    }
    const evaluation = await evaluateViews({
      split,
      source,
      passes: viewPasses(passes, source, model.preprocessing, batch, open, loading),
      viewsOfEach: document.views,
      // Views in place of images, so that the rate and the time left are those of the work.
      onProgress: (images, ofImages) =>
        onEvent({ event: "evaluating", split, images, ofImages, views: document.views }),
      signal,
    });
    return { ...evaluation, protocol: document };
  } finally {
    await state.dispose();
  }
};
