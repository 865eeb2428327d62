// Which image of a split an entry of a label file is of: by file name, by the number in ImageNet's file names, or by place.
import { basename } from "node:path";
import { FormatError } from "../../base/errors.ts";
import type { ImageSource } from "../../data/source.ts";
import type { Votes } from "../../evaluate/accepted-labels.ts";
import type { LabelFile } from "./label-file.ts";

export interface MatchedVotes {
  /** One for each image of the source; null where the file has nothing about it. */
  readonly votes: readonly Votes[];
  /** How images were matched, for people. */
  readonly by: string;
  /** Entries of the file whose image isn't in the split. */
  readonly unmatched: number;
}

/** ImageNet's validation images are numbered from 1; ReaL's list is in that order. */
const imageNetName = /^ILSVRC2012_val_(\d{8})\./;

const byName = ({ path, entries }: LabelFile, paths: readonly string[]): MatchedVotes => {
  const places = new Map<string, number | null>();
  for (const [image, whole] of paths.entries()) {
    const short = basename(whole);
    places.set(short, places.has(short) ? null : image); // null: several are called so
  }
  for (const [image, whole] of paths.entries()) places.set(whole, image);
  const votes: Votes[] = paths.map(() => null);
  const taken = new Set<number>();
  let unmatched = 0;
  for (const { name, votes: given } of entries) {
    const image = places.get(name ?? "");
    if (image === null) {
      throw new FormatError(
        path,
        `several images are called "${name}"; give the folder as well, as in "class/${name}"`,
      );
    }
    if (image === undefined) {
      unmatched++;
      continue;
    }
    if (taken.has(image)) throw new FormatError(path, `"${name}" is there twice`);
    taken.add(image);
    votes[image] = given;
  }
  if (taken.size === 0) {
    throw new FormatError(
      path,
      `none of its ${entries.length} names is an image of the split, for example "${entries[0]?.name}"; images are called "${paths[0]}"`,
    );
  }
  return { votes, by: "file name", unmatched };
};

const byImageNetNumber = ({ path, entries }: LabelFile, paths: readonly string[]): MatchedVotes | null => {
  const numbers = paths.map((each) => Number(imageNetName.exec(basename(each))?.[1] ?? Number.NaN));
  if (numbers.some(Number.isNaN)) return null;
  const beyond = numbers.findIndex((number) => number > entries.length);
  if (beyond !== -1) {
    throw new FormatError(path, `has ${entries.length} lists but the split has the image ${paths[beyond]}`);
  }
  const votes = numbers.map((number) => entries[number - 1]?.votes ?? null);
  return { votes, by: "the number in ImageNet's file names", unmatched: entries.length - new Set(numbers).size };
};

const byPlace = ({ path, entries }: LabelFile, images: number): MatchedVotes => {
  if (entries.length !== images) {
    throw new FormatError(
      path,
      `has ${entries.length} lists but the split has ${images} images; lists without file names need one for each, in order`,
    );
  }
  return { votes: entries.map(({ votes }) => votes), by: "place in the split", unmatched: 0 };
};

/** Numbers in place of file names (a CSV about images in memory): places in the split, from 0. */
const byNumber = (file: LabelFile, images: number): MatchedVotes => {
  const names = Array.from({ length: images }, (_, image) => String(image));
  return { ...byName(file, names), by: "place in the split" };
};

/** Finds every entry's image. Throws FormatError where entries are too many or too few, or a name is unknown or not unique. */
export const matchEntries = (file: LabelFile, source: ImageSource): MatchedVotes => {
  const named = file.entries.some(({ name }) => name !== null);
  const images = source.labels.length;
  if (source.kind !== "files") return named ? byNumber(file, images) : byPlace(file, images);
  return named ? byName(file, source.paths) : (byImageNetNumber(file, source.paths) ?? byPlace(file, images));
};
