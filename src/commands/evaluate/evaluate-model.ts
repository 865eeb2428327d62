// A model's answers to all images of a source, on an engine: what `residual evaluate`, the end of a training and the library share.
import { tellBrokenOnce } from "../../data/node/broken-images.ts";
import { openEvaluationLoader } from "../../data/node/loader.ts";
import type { Preprocessing } from "../../data/preprocessing.ts";
import type { ImageSource } from "../../data/source.ts";
import type { Engine } from "../../engine/contract.ts";
import { type Evaluation, evaluate } from "../../evaluate/evaluate.ts";
import { type Arithmetic, evaluationPrograms } from "../../train/evaluation-program.ts";
import type { CommandEnvironment } from "../environment.ts";
import type { TrainedModel } from "../trained-model.ts";

/** Evaluates a model on images, each counted once, `batch` at a time. `split` is what the result calls them. */
export const evaluateModel = async (
  model: TrainedModel & { readonly preprocessing: Preprocessing },
  source: ImageSource,
  split: string,
  batch: number,
  engine: Engine,
  environment: Pick<CommandEnvironment, "signal" | "onEvent">,
  arithmetic: Arithmetic = model.quantization ?? "f32",
): Promise<Evaluation> => {
  const { signal, onEvent } = environment;
  const size = Math.min(batch, source.labels.length);
  const state = await engine.createState(model.tensors);
  const programs = evaluationPrograms(engine, model.spec, state, arithmetic);
  try {
    return await evaluate({
      split,
      source,
      openBatches: () =>
        openEvaluationLoader({
          source,
          preprocessing: model.preprocessing,
          batch: size,
          onBroken: tellBrokenOnce("evaluation", onEvent),
        }),
      logitsFor: programs.logitsFor,
      onProgress: (images, ofImages) => onEvent({ event: "evaluating", split, images, ofImages }),
      ...(signal && { signal }),
    });
  } finally {
    await programs.dispose();
    await state.dispose();
  }
};
