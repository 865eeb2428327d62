// The training loop: one function that is handed everything (engine, loader, recipe, clock) and reads from top to bottom.
// It tells events and checkpoints as data; files, terminals and the test split are its callers' business.
import { type HostTensor, scalar, tensor } from "../base/tensor.ts";
import type { Batch } from "../data/batch.ts";
import { type Evaluation, evaluate } from "../evaluate/evaluate.ts";
import { initialTensors } from "../model/initial-tensors.ts";
import { fuse } from "../passes/fuse.ts";
import { learningRateInput } from "../passes/update.ts";
import { makePlan } from "../plan/plan.ts";
import { countParameters } from "../spec/counts.ts";
import { checkpointOf, findNonFinite, startingCounters, startingState, type TrainingCheckpoint } from "./checkpoint.ts";
import { evaluationPrograms } from "./evaluation-program.ts";
import { validationFields } from "./events.ts";
import { NonFiniteError } from "./non-finite-error.ts";
import { createPace } from "./pace.ts";
import { withResources } from "./resources.ts";
import { learningRateAt } from "./schedule.ts";
import { spanSteps } from "./span.ts";
import { countCorrect, normsOf, numberOf } from "./step-outputs.ts";
import type { Training, TrainingResult } from "./training.ts";
import { buildTrainingGraph } from "./training-graph.ts";
import { trainingLength } from "./training-length.ts";

/**
 * Trains a network by a recipe, from fresh or given weights or from a checkpoint. Throws UsageError for what can't be trained
 * (see trainingLength, startingState, startingCounters), UnsupportedError where the engine can't, NonFiniteError when the loss or
 * a weight is no longer finite: a loss that isn't never reaches the weights, and weights that aren't never reach a checkpoint.
 */
export const train = async (training: Training): Promise<TrainingResult> => {
  const { engine, spec, recipe, signal, now, onEvent = () => {}, resume = null } = training;
  const { stepsPerEpoch, totalSteps, droppedPerEpoch } = trainingLength(recipe, training.train.labels.length);
  const checkpointSteps = Math.max(1, spanSteps(recipe.checkpointEvery, stepsPerEpoch));
  const { graph, loss: lossValue, logits, usesDropout } = buildTrainingGraph(spec, recipe);

  let step = resume?.step ?? 0; // steps done
  let epoch = resume?.epoch ?? 0; // epochs done
  const counters = startingCounters(recipe, stepsPerEpoch, resume);
  let checkpoint: TrainingCheckpoint | null = resume;
  let validation: Evaluation | null = null;
  const pace = createPace(recipe.batch);
  const began = now();
  const secondsPassed = (): number => (now() - began) / 1000;

  return withResources(async (keep) => {
    const weights = training.weights ?? initialTensors(spec, recipe.seed);
    const state = keep(await engine.createState(startingState(graph, spec, weights, resume)));
    const program = keep(await engine.compile(makePlan(fuse(graph, engine.fusions)), state));
    const { logitsFor } = keep(evaluationPrograms(engine, spec, state, recipe.dtype));
    const batches = keep(
      training.openTrainingBatches({
        source: training.train,
        preprocessing: training.preprocessing,
        augmentation: recipe.augmentation,
        batch: recipe.batch,
        seed: recipe.seed,
        start: { epoch: Math.floor(step / stepsPerEpoch), step: step % stepsPerEpoch },
      }),
    );
    const nextBatch = (): Promise<Batch> => {
      const batch = batches.next();
      batch.catch(() => {}); // a failure is told where the batch is awaited
      return batch;
    };

    const validate = async (): Promise<Evaluation | null> => {
      const source = training.validation;
      const isDue = (epoch + 1) % recipe.evaluateEveryEpochs === 0 || epoch + 1 === recipe.epochs;
      if (source === null || !isDue) return null;
      const start = now();
      const openBatches = () => training.openEvaluationBatches(source, recipe.batch);
      const result = await evaluate({ split: "validation", source, openBatches, logitsFor, ...(signal && { signal }) });
      pace.evaluationTook(now() - start);
      return result;
    };
    const closeEpoch = async (): Promise<void> => {
      validation = await validate();
      epoch++;
      const images = stepsPerEpoch * recipe.batch;
      const trainLoss = counters.epochLossSum / stepsPerEpoch;
      const trainAccuracy = counters.epochCorrect / images;
      onEvent({
        event: "epoch",
        step,
        epoch,
        trainLoss,
        trainAccuracy,
        trainImages: images,
        ...validationFields(validation),
        seconds: secondsPassed(),
      });
      counters.epochLossSum = 0;
      counters.epochCorrect = 0;
    };
    const writeCheckpoint = async (): Promise<TrainingCheckpoint> => {
      if (checkpoint?.step === step && checkpoint.epoch === epoch) return checkpoint;
      const tensors = await state.read();
      const bad = findNonFinite(tensors);
      if (bad !== null) throw nonFinite(bad.name, bad.value, step, checkpoint?.step ?? 0);
      const next = checkpointOf(training, { step, epoch, counters }, tensors);
      await training.onCheckpoint?.(next, validation?.top1.value ?? null);
      return next;
    };
    const rateOf = (ofStep: number): number =>
      learningRateAt(recipe.schedule, { step: ofStep, totalSteps, stepsPerEpoch });
    const nonFinite = (what: string, value: number, atStep: number, lastFiniteStep: number): NonFiniteError =>
      new NonFiniteError({
        what,
        value,
        step: atStep,
        epoch: Math.ceil(atStep / stepsPerEpoch),
        lastFiniteStep,
        learningRate: rateOf(Math.max(0, atStep - 1)),
      });

    onEvent({
      event: "start",
      step,
      totalSteps,
      stepsPerEpoch,
      droppedPerEpoch,
      epochs: recipe.epochs,
      batch: recipe.batch,
      parameters: countParameters(spec),
      arenaBytes: program.memory.arenaBytes,
      arenaLowerBoundBytes: program.memory.lowerBoundBytes,
    });

    let upcoming: Promise<Batch> | null = null;
    for (;;) {
      try {
        if (step === (epoch + 1) * stepsPerEpoch) await closeEpoch();
      } catch (error) {
        if (!signal?.aborted || error !== signal.reason) throw error; // an aborted validation is made again on resume
      }
      const isOver = epoch >= recipe.epochs || signal?.aborted === true;
      if (isOver || step % checkpointSteps === 0) checkpoint = await writeCheckpoint();
      if (isOver && checkpoint !== null) {
        const interrupted = epoch < recipe.epochs;
        if (interrupted) onEvent({ event: "interrupted", step, epoch });
        return {
          checkpoint,
          interrupted,
          validation,
          imagesPerSecond: pace.overallImagesPerSecond(),
          seconds: secondsPassed(),
        };
      }

      const start = now();
      const learningRate = rateOf(step);
      const batch = await (upcoming ?? nextBatch());
      const dropoutKey: HostTensor = tensor("i32", [2], Int32Array.of(recipe.seed, step));
      const inputs = { images: batch.images, labels: batch.labels, ...(usesDropout && { dropoutKey }) };
      const running = program.run(inputs, "step");
      upcoming = step + 1 < totalSteps ? nextBatch() : null; // prepared while the step runs
      const outputs = await running;
      const loss = numberOf(outputs, lossValue.name);
      if (!Number.isFinite(loss)) throw nonFinite("the loss", loss, step + 1, step);
      const correct = countCorrect(outputs, logits.name, batch.labels);
      batch.release();

      step++;
      const isMeasured = recipe.measureEverySteps > 0 && step % recipe.measureEverySteps === 0;
      const [, measured] = await Promise.all([
        program.run({ [learningRateInput]: scalar("f32", learningRate) }, "update"),
        isMeasured ? program.run({}, "measure") : null,
      ]);
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
        accuracy: correct / recipe.batch,
        learningRate,
        imagesPerSecond: pace.imagesPerSecond(),
        secondsLeft: pace.secondsLeft(totalSteps - step, evaluations),
        ...(measured && normsOf(measured, learningRate)),
      });
    }
  });
};
