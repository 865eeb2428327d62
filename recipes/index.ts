// The recipes that have a name: those of documented results, and the papers' as data.
import type { Recipe } from "../src/train/recipe.ts";
import { demo } from "./demo.ts";
import { fashionMnist } from "./fashion-mnist.ts";
import { fineTune } from "./fine-tune.ts";
import { goyal2017 } from "./goyal-2017.ts";
import { he2015Cifar } from "./he-2015-cifar.ts";
import { he2015Cifar110 } from "./he-2015-cifar-110.ts";
import { he2015ImageNet } from "./he-2015-imagenet.ts";
import { howard2018 } from "./howard-2018.ts";
import { photographs } from "./photographs.ts";
import { strikesBackA3 } from "./strikes-back-a3.ts";
import { torchvision2021 } from "./torchvision-2021.ts";

/** The papers' recipes: settings as published, with what isn't there yet said in each file. */
const published = [he2015ImageNet, he2015Cifar, he2015Cifar110, goyal2017, howard2018, torchvision2021, strikesBackA3];

export const recipes: ReadonlyMap<string, Recipe> = new Map(
  [demo, fashionMnist, fineTune, photographs, ...published].map((recipe) => [recipe.name, recipe]),
);
