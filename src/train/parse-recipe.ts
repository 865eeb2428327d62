// Recipes from outside: each field is checked once, here. What hangs on the data (a batch larger than it, a warm-up longer than
// the training) is checked where the data are known: training-length.ts.
import { type Precision, precisions } from "../base/dtype.ts";
import { type Augmentation, noAugmentation } from "../data/augmentation.ts";
import type { Clipping } from "../passes/clip-gradients.ts";
import {
  type Check,
  flag,
  kindOf,
  listOf,
  numberThat,
  oneOf,
  orNull,
  record,
  text,
  wholeNumber,
  withDefault,
} from "./checks.ts";
import type { BatchNormTraining, Freeze } from "./freezing.ts";
import { augmentation } from "./parse-augmentation.ts";
import { checkImageSize, imageSize } from "./parse-image-size.ts";
import { loss, mixing } from "./parse-loss.ts";
import { badStepPolicy, spikePolicy } from "./parse-loss-policy.ts";
import { checkMomentum, clipping, optimizer, weightAveraging } from "./parse-optimizer.ts";
import { span } from "./parse-span.ts";
import type {
  BadStepPolicy,
  ImageSize,
  Loss,
  Mixing,
  Optimizer,
  Recipe,
  SpikePolicy,
  TestSize,
  WeightAveraging,
} from "./recipe.ts";
import type { Schedule, Warmup } from "./schedule.ts";
import type { Span } from "./span.ts";

const positive = (example: string): Check<number> => numberThat((value) => value > 0, `a number above 0${example}`);
const divisor = (example: string): Check<number> =>
  numberThat((value) => value >= 1, `a number of at least 1${example}`);
const fraction = (example = ""): Check<number> =>
  numberThat((value) => value >= 0 && value <= 1, `a fraction from 0 to 1${example}`);

const warmup = record<Required<Warmup>>(
  {
    span,
    fromFraction: withDefault(fraction(), 0),
    rise: withDefault<"linear" | "constant">(oneOf(["linear", "constant"]), "linear"),
  },
  "a warm-up",
);
const learningRate = positive(" (the paper's: 0.1)");
const common = { learningRate, warmup: withDefault<Warmup | null>(orNull(warmup), null) };

const schedule: Check<Schedule> = kindOf<Schedule["kind"], Schedule>(
  {
    constant: record<Schedule<"constant">>({ kind: oneOf(["constant"]), ...common }, "a constant schedule"),
    step: record<Schedule<"step">>(
      {
        kind: oneOf(["step"]),
        ...common,
        milestones: listOf(span, 'a list of spans, such as [{"epochs": 82}, {"epochs": 123}]'),
        factor: withDefault(fraction(" (the paper's: 0.1)"), 0.1),
      },
      "a step schedule",
    ),
    cosine: record<Schedule<"cosine">>(
      { kind: oneOf(["cosine"]), ...common, finalFraction: withDefault(fraction(), 0) },
      "a cosine schedule",
    ),
    plateau: record<Schedule<"plateau">>(
      {
        kind: oneOf(["plateau"]),
        ...common,
        factor: withDefault(fraction(" (the paper's: 0.1)"), 0.1),
        patienceEpochs: withDefault(wholeNumber(1, ""), 5),
      },
      "a plateau schedule",
    ),
    "one-cycle": record<Schedule<"one-cycle">>(
      {
        kind: oneOf(["one-cycle"]),
        ...common,
        riseFraction: withDefault(fraction(" (PyTorch's: 0.3)"), 0.3),
        startDivisor: withDefault(divisor(" (PyTorch's: 25)"), 25),
        endDivisor: withDefault(divisor(" (PyTorch's: 1e4)"), 1e4),
        anneal: withDefault<"linear" | "cosine">(oneOf(["linear", "cosine"]), "cosine"),
      },
      "a one-cycle schedule",
    ),
  },
  ["constant", "step", "cosine", "one-cycle", "plateau"],
);

const freeze: Check<Freeze> = (value, path) =>
  typeof value === "object" && value !== null
    ? record<{ readonly stages: number }>({ stages: wholeNumber(0, "") }, "a number of frozen stages")(value, path)
    : oneOf(["none", "body"])(value, path);

const earlyStopping = record<{ readonly patienceEpochs: number }>(
  { patienceEpochs: wholeNumber(1, "") },
  "early stopping",
);

const largestSeed = 2 ** 32 - 1;
const seed = numberThat(
  (value) => Number.isInteger(value) && value >= 0 && value <= largestSeed,
  `a whole number from 0 to ${largestSeed}`,
);

const fields = record<Recipe>(
  {
    name: text,
    model: withDefault(orNull(text), null),
    data: withDefault(orNull(text), null),
    dtype: withDefault<Precision>(oneOf(precisions), "f32"),
    batch: wholeNumber(1, " (the paper's: 128 for CIFAR-10, 256 for ImageNet)"),
    epochs: wholeNumber(1, ""),
    optimizer,
    clipGradients: withDefault<Clipping | null>(orNull(clipping), null),
    accumulate: withDefault(wholeNumber(1, ""), 1),
    ema: withDefault<WeightAveraging | null>(orNull(weightAveraging), null),
    schedule,
    loss: withDefault<Loss>(loss, { kind: "cross-entropy" }),
    labelSmoothing: withDefault(fraction(), 0),
    augmentation: withDefault(augmentation, noAugmentation),
    imageSize: withDefault<ImageSize | null>(orNull(imageSize), null),
    subtractedMean: withDefault<Recipe["subtractedMean"]>(oneOf(["channel", "pixel"]), "channel"),
    mixing: withDefault<Mixing | null>(orNull(mixing), null),
    stochasticDepth: withDefault(
      numberThat((value) => value >= 0 && value < 1, "a number of at least 0 and below 1 (the paper's: 0.5)"),
      0,
    ),
    zeroLastGamma: withDefault(flag, false),
    freeze: withDefault<Freeze>(freeze, "none"),
    batchNorm: withDefault<BatchNormTraining>(oneOf(["train", "fixed-statistics", "frozen"]), "train"),
    headRateFactor: withDefault(positive(""), 1),
    seed: withDefault(seed, 0),
    validationImages: withDefault(wholeNumber(0, ""), 0),
    evaluateEveryEpochs: withDefault(wholeNumber(1, ""), 1),
    earlyStopping: withDefault<Recipe["earlyStopping"]>(orNull(earlyStopping), null),
    onNonFinite: withDefault<BadStepPolicy>(badStepPolicy, "stop"),
    onSpike: withDefault<SpikePolicy | null>(orNull(spikePolicy), null),
    checkpointEvery: withDefault<Span>(span, { epochs: 1 }),
    keepCheckpoints: withDefault(wholeNumber(1, ""), 2),
    histogramEveryEpochs: withDefault(wholeNumber(0, " (0 never does)"), 0),
    measureEverySteps: withDefault(wholeNumber(0, " (0 never measures)"), 50),
  },
  "a recipe",
);

/**
 * The recipe in a parsed JSON document, or one whose fields a person has changed. `where` begins every message.
 *
 * Required are name, batch, epochs, optimizer {kind} and schedule {kind, learningRate}. Defaults: dtype f32; of SGD, momentum 0.9
 * without Nesterov, weight decay 1e-4 on everything; of LARS the same, with a trust coefficient of 0.001 and no decay of batch norm
 * and biases; of AdamW and LAMB, β 0.9 and 0.999, ε 1e-8 and 1e-6, weight decay 0.01, alike; no clipping, updates of one batch, no
 * average of weights (of one: decay 0.999, no warm-up, after each update); no warm-up, no label smoothing, no augmentation, images of the
 * network's size, the means of channels subtracted, nothing frozen, seed 0, no validation split, evaluation and checkpoint every epoch, of which the last two and the
 * best stay, norms every 50 steps; of one-cycle, PyTorch's.
 *
 * Throws UsageError with the first wrong field, its value and what it should be.
 */
export const parseRecipe = (json: unknown, where: string): Recipe => {
  const recipe = fields(json, `${where}:`);
  checkMomentum(recipe.optimizer, where);
  checkImageSize(recipe, where);
  return recipe;
};

/** Fields to give; the others have parseRecipe's defaults. */
export type RecipeFields = Pick<Recipe, "name" | "batch" | "epochs"> &
  Partial<
    Omit<Recipe, "optimizer" | "schedule" | "augmentation" | "imageSize" | "ema" | "loss" | "mixing" | "onSpike">
  > & {
    readonly loss?: { [K in Loss["kind"]]: Partial<Loss & { readonly kind: K }> & { readonly kind: K } }[Loss["kind"]];
    readonly mixing?: Partial<Mixing> | null;
    readonly optimizer: {
      [K in Optimizer["kind"]]: Partial<Optimizer<K>> & { readonly kind: K };
    }[Optimizer["kind"]];
    readonly ema?: Partial<WeightAveraging> | null;
    readonly onSpike?: Partial<SpikePolicy> | null;
    readonly schedule: {
      [K in Schedule["kind"]]: Partial<Schedule<K>> & Pick<Schedule<K>, "kind" | "learningRate">;
    }[Schedule["kind"]];
    readonly augmentation?: Partial<Augmentation>;
    readonly imageSize?:
      | (Pick<ImageSize, "train"> & { readonly test?: (Pick<TestSize, "size"> & Partial<TestSize>) | null })
      | null;
  };

/** A recipe with defaults filled in, checked as one from outside. */
export const recipe = (given: RecipeFields): Recipe => parseRecipe(given, given.name);
