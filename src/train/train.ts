// The training loop: one function that is handed everything (engine, loader, recipe, clock) and reads from top to bottom. What trains at
// one size of images (programs, batches) is made anew where the size changes; state, counters and times go on.
// It tells events and checkpoints as data; files, terminals and the test split are its callers' business.
import type { NamedTensors } from "../base/tensor.ts";
import type { ProgramOutputs } from "../engine/contract.ts";
import { type Evaluation, evaluate } from "../evaluate/evaluate.ts";
import { countParameters } from "../spec/counts.ts";
import { createBatchFeed } from "./batch-feed.ts";
import { checkpointOf, findNonFinite, startingCounters, type TrainingCheckpoint } from "./checkpoint.ts";
import { validationFields } from "./events.ts";
import { freshTensors } from "./fresh-tensors.ts";
import { gradientsOf, isHistogramDue } from "./layer-values.ts";
import { type BadLoss, LossSpikeError, mostSkipped } from "./loss-policy.ts";
import { NonFiniteError } from "./non-finite-error.ts";
import { createPace } from "./pace.ts";
import { type Keep, withResources } from "./resources.ts";
import { learningRateAt } from "./schedule.ts";
import { equalStepsLeft, isOneSize, type SizeStage, sizeStages, stageAt } from "./size-stages.ts";
import { spanSteps } from "./span.ts";
import type { Training, TrainingResult } from "./training.ts";
import { buildTrainingGraph } from "./training-graph.ts";
import { trainingLength } from "./training-length.ts";
import {
  createTrainingPrograms,
  createTrainingState,
  type TrainingProgramsOptions,
  type TrainingState,
} from "./training-programs.ts";
import { runBatches } from "./update-batches.ts";
import { checkWatched, noteValidation, stopsEarly } from "./validation-course.ts";

/**
 * Trains a network by a recipe, from fresh or given weights or from a checkpoint. Throws UsageError for what can't be trained
 * (see trainingLength, startingState, startingCounters), UnsupportedError where the engine can't, NonFiniteError when the loss (by
 * the recipe's onNonFinite) or a weight is no longer finite, LossSpikeError by its onSpike: a loss that isn't finite never reaches the
 * weights, and weights that aren't never reach a checkpoint.
 */
export const train = async (training: Training): Promise<TrainingResult> => {
  const {
    engine,
    spec,
    recipe,
    signal,
    now,
    onEvent = () => {},
    onBadBatch = async () => {},
    resume = null,
  } = training;
  const { stepsPerEpoch, totalSteps, droppedPerEpoch } = trainingLength(recipe, training.train.labels.length);
  const checkpointSteps = Math.max(1, spanSteps(recipe.checkpointEvery, stepsPerEpoch));
  const stages = sizeStages(recipe, spec, training.preprocessing);
  const { accumulate } = recipe;
  const imagesPerStep = recipe.batch * accumulate;

  let step = resume?.step ?? 0; // steps done
  let epoch = resume?.epoch ?? 0; // epochs done
  checkWatched(recipe, training.validation !== null);
  const counters = startingCounters(recipe, stepsPerEpoch, resume);
  let checkpoint: TrainingCheckpoint | null = resume;
  let validation: Evaluation | null = null;
  let gradients: NamedTensors = new Map();
  let hasStarted = false;
  const pace = createPace(imagesPerStep);
  const began = now();
  const secondsPassed = (): number => (now() - began) / 1000;
  const programsFor = ({ spec: ofSize }: SizeStage): TrainingProgramsOptions => {
    return { engine, spec: ofSize, recipe, graph: buildTrainingGraph(ofSize, recipe) };
  };

  /** Trains until the end, or until images have another size: then gives null. Its programs and batches are gone by then. */
  const trainStage = async (stage: SizeStage, held: TrainingState, keep: Keep): Promise<TrainingResult | null> => {
    const options = programsFor(stage);
    const { graph } = options;
    const programs = await createTrainingPrograms(options, held, stepsPerEpoch, keep);
    const batches = keep(
      training.openTrainingBatches({
        source: training.train,
        preprocessing: stage.preprocessing,
        augmentation: recipe.augmentation,
        batch: recipe.batch,
        seed: recipe.seed,
        start: { epoch: Math.floor(step / stepsPerEpoch), step: (step % stepsPerEpoch) * accumulate },
      }),
    );
    const feed = createBatchFeed({
      loader: batches,
      perEpoch: stepsPerEpoch * accumulate,
      start: (step % stepsPerEpoch) * accumulate,
      remaining: (stage.toEpoch * stepsPerEpoch - step) * accumulate,
      recipe,
    });

    const validate = async (): Promise<Evaluation | null> => {
      const source = training.validation;
      const isDue = (epoch + 1) % recipe.evaluateEveryEpochs === 0 || epoch + 1 === recipe.epochs;
      if (source === null || !isDue) return null;
      const start = now();
      const openBatches = () => training.openEvaluationBatches(source, recipe.batch);
      const logitsFor = await programs.evaluation();
      const result = await evaluate({ split: "validation", source, openBatches, logitsFor, ...(signal && { signal }) });
      pace.evaluationTook(now() - start);
      return result;
    };
    const closeEpoch = async (): Promise<void> => {
      validation = await validate();
      noteValidation(counters, recipe, validation);
      epoch++;
      const taken = stepsPerEpoch - counters.epochSkipped;
      const images = taken * imagesPerStep;
      const trainLoss = taken === 0 ? null : counters.epochLossSum / taken;
      const trainAccuracy = taken === 0 ? null : counters.epochCorrect / images;
      onEvent({
        event: "epoch",
        step,
        epoch,
        trainLoss,
        trainAccuracy,
        trainImages: images,
        imageSize: stage.preprocessing.size,
        ...validationFields(validation),
        seconds: secondsPassed(),
      });
      counters.epochLossSum = 0;
      counters.epochCorrect = 0;
      counters.epochSkipped = 0;
      if (training.onLayerValues === undefined || !isHistogramDue(recipe, epoch)) return;
      const learning = await programs.state.read([...graph.gradientOutputs.keys()]);
      await training.onLayerValues({ step, epoch, weights: learning, gradients });
    };
    const writeCheckpoint = async (): Promise<TrainingCheckpoint> => {
      if (checkpoint?.step === step && checkpoint.epoch === epoch) return checkpoint;
      const tensors = await programs.state.read();
      const bad = findNonFinite(tensors);
      if (bad !== null) throw nonFinite(bad.name, bad.value, step, checkpoint?.step ?? 0);
      const next = checkpointOf(training, { step, epoch, counters }, tensors);
      await training.onCheckpoint?.(next, validation?.top1.value ?? null);
      return next;
    };
    const rateOf = (ofStep: number): number =>
      learningRateAt(recipe.schedule, { step: ofStep, totalSteps, stepsPerEpoch, plateaus: counters.plateaus });
    const nonFinite = (what: string, value: number, atStep: number, lastFiniteStep: number): NonFiniteError =>
      new NonFiniteError({
        what,
        value,
        step: atStep,
        epoch: Math.ceil(atStep / stepsPerEpoch),
        lastFiniteStep,
        learningRate: rateOf(Math.max(0, atStep - 1)),
        skippedInARow: counters.skippedInARow,
      });
    /** Leaves the update of step `step` out, or stops. */
    const passOver = (bad: BadLoss): void => {
      const { skippedInARow } = counters;
      if (skippedInARow >= mostSkipped(bad, recipe)) {
        if (bad.reason === "spike") throw new LossSpikeError(bad, { step, epoch: epoch + 1, skippedInARow });
        throw nonFinite("the loss", bad.loss, step, step - 1 - skippedInARow);
      }
      counters.skippedSteps++;
      counters.skippedInARow++;
      counters.epochSkipped++;
      onEvent({ event: "skipped", step, epoch: epoch + 1, ...bad, skippedSteps: counters.skippedSteps });
    };

    const { arenaBytes, lowerBoundBytes: arenaLowerBoundBytes } = programs.memory;
    if (!hasStarted) {
      const parameters = countParameters(spec);
      const length = { totalSteps, stepsPerEpoch, droppedPerEpoch, epochs: recipe.epochs, batch: recipe.batch };
      onEvent({ event: "start", step, ...length, parameters, arenaBytes, arenaLowerBoundBytes });
      hasStarted = true;
    }
    if (!isOneSize(stages) && epoch < recipe.epochs) {
      const { size: imageSize } = stage.preprocessing;
      onEvent({ event: "size", step, epoch: epoch + 1, imageSize, arenaBytes, arenaLowerBoundBytes });
    }
    pace.sizeChanged();

    for (;;) {
      try {
        if (step === (epoch + 1) * stepsPerEpoch) await closeEpoch();
      } catch (error) {
        if (!signal?.aborted || error !== signal.reason) throw error; // an aborted validation is made again on resume
      }
      const isDone = epoch >= recipe.epochs || stopsEarly(counters, recipe);
      const isOver = isDone || signal?.aborted === true;
      if (isOver || step % checkpointSteps === 0) checkpoint = await writeCheckpoint();
      if (isOver && checkpoint !== null) {
        const interrupted = !isDone;
        if (epoch < recipe.epochs && isDone)
          onEvent({ event: "stopped early", step, epoch, bestAccuracy: counters.bestAccuracy });
        if (interrupted) onEvent({ event: "interrupted", step, epoch });
        return {
          checkpoint,
          interrupted,
          validation,
          imagesPerSecond: pace.overallImagesPerSecond(),
          seconds: secondsPassed(),
        };
      }
      if (stageAt(stages, epoch) !== stage) return null;

      const start = now();
      const learningRate = rateOf(step);
      step++;
      const onOutputs = (outputs: ProgramOutputs): void => {
        if (isHistogramDue(recipe, epoch + 1)) gradients = gradientsOf(outputs, graph);
      };
      const batchesOf = { programs, feed, graph, recipe, onBadBatch, onOutputs };
      const outcome = await runBatches(batchesOf, counters, { step, epoch: epoch + 1 });
      if (outcome.kind === "bad") {
        passOver(outcome.bad);
        pace.stepTook(now() - start);
        continue;
      }
      const { loss, correct } = outcome;
      counters.skippedInARow = 0;
      const measured = recipe.measureEverySteps > 0 && step % recipe.measureEverySteps === 0;
      const norms = await programs.update({ number: step, learningRate, measured });
      validation = null; // it was of other weights
      counters.epochLossSum += loss;
      counters.epochCorrect += correct;
      pace.stepTook(now() - start);
      const evaluations =
        training.validation === null ? 0 : Math.ceil((recipe.epochs - epoch) / recipe.evaluateEveryEpochs);
      onEvent({
        event: "step",
        step,
        epoch: epoch + 1,
        loss,
        accuracy: correct / imagesPerStep,
        learningRate,
        imagesPerSecond: pace.imagesPerSecond(),
        secondsLeft: pace.secondsLeft(equalStepsLeft(stages, stage, { step, stepsPerEpoch }), evaluations),
        ...norms,
      });
    }
  };

  return withResources(async (keep) => {
    const weights = training.weights ?? freshTensors(spec, recipe);
    const held = await createTrainingState(programsFor(stageAt(stages, epoch)), weights, resume, keep);
    for (;;) {
      const stage = stageAt(stages, epoch);
      const result = await withResources((keepForStage) => trainStage(stage, held, keepForStage));
      if (result !== null) return result;
    }
  });
};
