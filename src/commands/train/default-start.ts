// What a folder of photographs is trained by when a person names neither network, weights nor recipe: pretrained weights, fine-tuned,
// from the cache or else fetched; a small network from scratch where they can't be had. What was chosen is said in one line. Small images
// are in small-image-start.ts.
import { FormatError, MissingError } from "../../base/errors.ts";
import type { DataSet } from "../../data/data-set.ts";
import { type ImageSurvey, largestSmallSide } from "../../data/node/survey-images.ts";
import { describeFreezing } from "../../train/freezing.ts";
import type { Recipe } from "../../train/recipe.ts";
import type { CommandEnvironment } from "../environment.ts";
import { findPulled, pulledNames } from "../pull/pulled-model.ts";
import { defaultPull, isPullable } from "../pull.ts";
import { formatCount, formatDuration } from "../report/format.ts";
import { chooseRecipe } from "./choose-recipe.ts";
import type { TrainOptions } from "./options.ts";
import { smallImageStart } from "./small-image-start.ts";

/** What is trained, and by what. */
export interface DefaultStart {
  readonly recipe: Recipe;
  /** Left out: fresh ones, of the recipe's network. */
  readonly weights?: string;
  /** The line that says it, where the time is known or null. */
  readonly say: (seconds: number | null) => string;
}

type Origin = "from the cache" | "just fetched";
type Found = { readonly name: string; readonly origin: Origin } | { readonly reason: string };

/** The default's own name first, then whatever was pulled, the smallest network first: the quickest on a CPU. */
const cached = async (cacheFolder: string): Promise<string | null> => {
  const names = (await pulledNames(cacheFolder)).filter(isPullable);
  const { name: preferred } = defaultPull;
  for (const name of [...names.filter((each) => each === preferred), ...names.filter((each) => each !== preferred)]) {
    if ((await findPulled(cacheFolder, name)) !== null) return name;
  }
  return null;
};

const pretrained = async (
  { fromScratch, pull: mayPull = true }: Pick<TrainOptions, "fromScratch" | "pull">,
  { cacheFolder, pull, signal, onEvent }: CommandEnvironment,
): Promise<Found> => {
  if (fromScratch === true) return { reason: "--from-scratch leaves pretrained weights out" };
  const name = await cached(cacheFolder);
  if (name !== null) return { name, origin: "from the cache" };
  if (!mayPull || pull === undefined)
    return { reason: "the cache holds no pretrained weights, and nothing may be fetched" };
  const megabytes = formatCount(defaultPull.mostBytes / 1e6);
  const message = `photographs are best trained on from pretrained weights: fetching ${defaultPull.name}, at most ${megabytes} MB, once (--no-pull leaves it out)`;
  onEvent({ event: "notice", message });
  try {
    await pull(defaultPull.name);
    return { name: defaultPull.name, origin: "just fetched" };
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof MissingError || error instanceof FormatError)) throw error;
    return { reason: `no pretrained weights could be had (${error.message})` };
  }
};

const within = (seconds: number | null): string =>
  seconds === null ? "in a time not known beforehand" : `in about ${formatDuration(seconds)}`;

/** What learns of given weights, in words. */
const learning = (recipe: Recipe): string => describeFreezing(recipe) || "all of it learns";

/** Whether the default is about them: not small pictures, nor images in memory. */
const arePhotographs = ({ train }: DataSet, { shape, typicalSide }: ImageSurvey): boolean =>
  train.kind !== "memory" && shape === null && typicalSide > largestSmallSide;

/**
 * The default for these data, or null where `options` name weights or recipe, or for photographs the network. `first` is the recipe by
 * which the data were opened: its seed stays, for it has held images out. May fetch weights, which it says before.
 */
export const defaultStart = async (
  options: TrainOptions,
  first: Recipe,
  data: DataSet,
  survey: ImageSurvey,
  environment: CommandEnvironment,
): Promise<DefaultStart | null> => {
  const { model, weights, recipe: named } = options;
  if (weights !== undefined || named !== undefined) return null;
  if (!arePhotographs(data, survey)) return smallImageStart(first, data, survey);
  if (model !== undefined) return null;
  const found = await pretrained(options, environment);
  const choose = (recipe: string): Promise<Recipe> =>
    chooseRecipe({ ...options, recipe, seed: first.seed }, environment.recipes, environment.host.cwd);
  if ("name" in found) {
    const recipe = await choose("fine-tune");
    const { name, origin } = found;
    const otherwise = "--from-scratch, --weights, --model or --recipe choose otherwise";
    return {
      recipe,
      weights: name,
      say: (seconds) =>
        `by default  photographs: ${name} (${origin}) is fine-tuned by the recipe ${recipe.name}, ${within(seconds)}: ${learning(recipe)}; ${otherwise}`,
    };
  }
  const recipe = await choose("photographs");
  const images = `${formatCount(data.train.labels.length)} photographs teach a network much less from scratch than with pretrained weights`;
  const remedy = `to get some: "residual pull ${defaultPull.name}" where there is a network, or --weights with a file of your own`;
  const message = `${found.reason}: ${recipe.model ?? "the network"} is trained from scratch; ${images}; ${remedy}`;
  environment.onEvent(
    options.fromScratch === true
      ? { event: "notice", message: `${found.reason}; ${images}` }
      : { event: "warning", message },
  );
  return {
    recipe,
    say: (seconds) =>
      `by default  photographs: ${recipe.model ?? "a network"} from fresh weights, all of which learn, by the recipe ${recipe.name}, ${within(seconds)}`,
  };
};
