// Paths written with braces, as a shell would expand them: train-{000000..000011}.tar, {train,val}.tar. Shells leave what is in quotes alone,
// and WebDataset's users are used to quoting it.
import { UsageError } from "../../base/errors.ts";

const mostPaths = 100_000;

const braces = /\{(?:(\d+)\.\.(\d+)|([^{},]*(?:,[^{},]*)+))\}/;

/** Whether there is anything to expand. */
export const hasBraces = (path: string): boolean => braces.test(path);

const range = (from: string, to: string): readonly string[] => {
  const [first, last] = [Number(from), Number(to)];
  const count = last - first + 1;
  if (!(count >= 1 && count <= mostPaths)) {
    throw new UsageError(`{${from}..${to}} should count up to at most ${mostPaths} files`);
  }
  // Leading zeros are kept: {08..10} is 08, 09, 10.
  const width = from.startsWith("0") || to.startsWith("0") ? Math.max(from.length, to.length) : 0;
  return Array.from({ length: count }, (_, i) => String(first + i).padStart(width, "0"));
};

/** All paths that are meant, in their order; the path itself where it has no braces. Throws UsageError for more than 100,000. */
export const expandBraces = (path: string): readonly string[] => {
  const match = braces.exec(path);
  if (match === null) return [path];
  const [whole, from, to, list] = match;
  const choices = from !== undefined && to !== undefined ? range(from, to) : (list ?? "").split(",");
  const [before, rests] = [path.slice(0, match.index), expandBraces(path.slice(match.index + whole.length))];
  if (choices.length * rests.length > mostPaths) {
    throw new UsageError(`${path} means more than ${mostPaths} files; name fewer`);
  }
  return choices.flatMap((choice) => rests.map((rest) => before + choice + rest));
};
