// The library. First the verbs, as in the README; below them the stages of which they are made, each usable on its own.

// Tensors and data.
export { type ChannelLayout, channelsFirst, channelsLast } from "./base/channel-layout.ts";
export type { DType, FloatDType, Precision } from "./base/dtype.ts";
// Errors.
export {
  FormatError,
  MissingError,
  NativeError,
  ShapeError,
  UnsupportedError,
  UsageError,
} from "./base/errors.ts";
export { FileError } from "./base/file-error.ts";
export type { Shape } from "./base/shape.ts";
export { type HostTensor, type NamedTensors, scalar, tensor, zeros } from "./base/tensor.ts";
export { readTensorsFile, writeTensorsFile } from "./checkpoint/node/tensors-file.ts";
export { encodeTensors, readTensors, type TensorContainer } from "./checkpoint/safetensors.ts";
export type { ConvertDocument } from "./commands/convert.ts";
export type { InspectDocument } from "./commands/data/inspect-document.ts";
// Spec → graph → graph with gradients and update → plan → memory.
export type { ProtocolOptions } from "./commands/evaluate/choose-protocol.ts";
export type { EvaluateDocument } from "./commands/evaluate/document.ts";
export type { CommandEvent } from "./commands/events.ts";
export type { NamedClasses } from "./commands/match-classes.ts";
export { type ModelEntry, models } from "./commands/models.ts";
export type { PredictDocument } from "./commands/predict.ts";
export type { PullDocument } from "./commands/pull.ts";
export type { OpenedWeights } from "./commands/run-directory/open-weights.ts";
export { type Summary, summary } from "./commands/summary.ts";
export type { ResumeOptions, TrainOutcome } from "./commands/train/options.ts";
export type { TrainedModel } from "./commands/trained-model.ts";
export { type Augmentation, type Erasing, noAugmentation, paperErasing } from "./data/augmentation.ts";
export type { Batch } from "./data/batch.ts";
export { type ColourJitter, usualColourJitter } from "./data/colour-jitter.ts";
export type { DataSet } from "./data/data-set.ts";
export { holdOutValidation } from "./data/data-set.ts";
export { type Lighting, paperLighting } from "./data/lighting.ts";
export { fitPreprocessing } from "./data/node/fit-preprocessing.ts";
export { openEvaluationLoader, openTrainingLoader } from "./data/node/loader.ts";
export { photographPreprocessing } from "./data/photographs.ts";
export type { PointInterpolation } from "./data/picture-operation.ts";
export type { PixelPicture } from "./data/pixel-picture.ts";
export type { Policy, RandAugment, TimmRandAugment, TrivialAugment } from "./data/policy.ts";
export type { Fit, Interpolation, Preprocessing } from "./data/preprocessing.ts";
export {
  heScaleCrop,
  inceptionCrop,
  type RandomCrop,
  type RandomResizedCrop,
  type RandomScaleCrop,
} from "./data/random-crop.ts";
export { filesSource, type ImageSource, memorySource, selectImages } from "./data/source.ts";
// Engines, and weights on the disk.
export type { Engine, Program, State } from "./engine/contract.ts";
export { createOneDnnEngine } from "./engine/onednn/engine.ts";
export type { LibraryPlaces } from "./engine/onednn/library.ts";
export { createReferenceEngine } from "./engine/reference/engine.ts";
export type { Calibration, ReliabilityBin } from "./evaluate/calibration.ts";
export type { Evaluation } from "./evaluate/evaluate.ts";
export type { Metric } from "./evaluate/interval.ts";
export { GraphBuilder } from "./graph/builder.ts";
export type { Graph } from "./graph/graph.ts";
export { printGraph } from "./graph/print.ts";
export type { Value } from "./graph/value.ts";
export { verifyGraph } from "./graph/verify.ts";
export { type LoadOptions, loadModel, type Model, modelOf } from "./library/model.ts";
export { libraryPlaces } from "./library/node-environment.ts";
export { type Quantized, type QuantizeOptions, quantize } from "./library/quantize.ts";
export type {
  Evaluated,
  EvaluateOptions,
  InspectOptions,
  LongWork,
  PredictOptions,
  Run,
  TrainOptions,
} from "./library/verbs.ts";
export {
  evaluate,
  fashionMnist,
  inspect,
  openData,
  predict,
  resumeTraining,
  train,
  trainToDirectory,
} from "./library/verbs.ts";
export { type ConvertOptions, convert, openWeights, pull } from "./library/weights.ts";
export { buildForward, buildGraph, type ForwardOptions } from "./model/forward.ts";
export { initialTensors } from "./model/initial-tensors.ts";
export { parameterTable } from "./model/parameter-table.ts";
export type { Clipping } from "./passes/clip-gradients.ts";
export { differentiate } from "./passes/differentiate.ts";
export { fuse } from "./passes/fuse.ts";
export type { OptimizerKind } from "./passes/optimizers.ts";
export { addUpdate } from "./passes/update.ts";
export { drawMemory } from "./plan/draw-memory.ts";
export { type MemoryPlan, planMemory } from "./plan/memory.ts";
export { makePlan, type Plan } from "./plan/plan.ts";
export { countMacs, countParameters } from "./spec/counts.ts";
// Describe, train, evaluate, predict.
export { namedNetworks, namedSpec, resnet, type SpecOptions } from "./spec/named-networks.ts";
export { parseSpec } from "./spec/parse-spec.ts";
// Specs and recipes.
export type { ResNetSpec, Stage, Stem } from "./spec/spec.ts";
export type { BatchNormTraining, Freeze } from "./train/freezing.ts";
export { NonFiniteError } from "./train/non-finite-error.ts";
export { parseRecipe, type RecipeFields, recipe } from "./train/parse-recipe.ts";
export type {
  BadStepPolicy,
  Decay,
  ImageSize,
  Loss,
  Mixing,
  Optimizer,
  Recipe,
  SizeFrom,
  SpikePolicy,
  TestSize,
  WeightAveraging,
} from "./train/recipe.ts";
export {
  type Reestimation,
  type ReestimationOptions,
  reestimateStatistics,
} from "./train/reestimate-statistics.ts";
export { learningRateAt, type Schedule, type Warmup } from "./train/schedule.ts";
export type { Span } from "./train/span.ts";
export { buildTrainingGraph } from "./train/training-graph.ts";
