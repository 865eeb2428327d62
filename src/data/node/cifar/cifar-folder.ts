// A folder of CIFAR's binary files: data_batch_1.bin …, test_batch.bin and batches.meta.txt; or train.bin, test.bin and fine_label_names.txt.
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { FormatError, UsageError } from "../../../base/errors.ts";
import { type DataSet, holdOutValidation } from "../../data-set.ts";
import type { NamedBytes } from "../../idx-source.ts";
import type { DataSetOptions } from "../data-set-options.ts";
import {
  type CifarLabels,
  type CifarLayout,
  cifar10Layout,
  cifar100Layouts,
  cifarDataSet,
  isCifar,
  largestCifarBytes,
} from "./cifar-files.ts";

/** What the authors' archives call the folder in them. */
const innerFolders = ["cifar-10-batches-bin", "cifar-100-binary"];

/** The folders of the Python versions, and their files: pickles of NumPy's arrays. */
const pythonFolders = ["cifar-10-batches-py", "cifar-100-python"];
const isPython = (names: readonly string[]): boolean =>
  (names.includes("data_batch_1") && names.includes("batches.meta")) ||
  (["train", "test", "meta"].every((name) => names.includes(name)) && names.includes("file.txt~"));

const refusePython = (directory: string): UsageError =>
  new UsageError(
    `${directory} holds CIFAR's Python version, whose files are pickles: programs, which are not run here; take the binary version (cifar-10-binary.tar.gz or cifar-100-binary.tar.gz of https://www.cs.toronto.edu/~kriz/cifar.html), or name the data set cifar10 or cifar100`,
  );

const layoutOf = (names: readonly string[], labels: CifarLabels): CifarLayout | null => {
  if (isCifar(cifar10Layout, names)) return cifar10Layout;
  // "train.bin" may be anyone's: both are there, or the names of CIFAR-100's classes.
  const [train, test] = [names.includes("train.bin"), names.includes("test.bin")];
  return (train && test) || ((train || test) && names.includes("fine_label_names.txt"))
    ? cifar100Layouts[labels]
    : null;
};

/** Of CIFAR-10 and of CIFAR-100, as their authors publish them. */
const published = { train: 50_000, test: 10_000 } as const;

/** Files that were cut off between two images can't be told from whole ones, nor can a missing batch, but by their number. */
const otherNumbers = ({ title }: CifarLayout, { train, test }: DataSet): string | null => {
  const [trained, tested] = [train.labels.length, test.labels.length];
  if (trained === published.train && tested === published.test) return null;
  return `${title} has ${published.train} training and ${published.test} test images; these files hold ${trained} and ${tested}`;
};

const readBounded = async (directory: string, name: string): Promise<NamedBytes> => {
  const file = join(directory, name);
  const { size } = await stat(file);
  if (size > largestCifarBytes) {
    throw new FormatError(file, `has ${size} bytes; files of CIFAR have at most ${largestCifarBytes}`);
  }
  return { file, bytes: await readFile(file) };
};

/** Opens a folder of CIFAR's binary files, or one that holds theirs; null where there are none. Throws UsageError, FormatError. */
export const cifarFolder = async (
  directory: string,
  options: DataSetOptions = {},
  labels: CifarLabels = "fine",
): Promise<DataSet | null> => {
  const entries = await readdir(directory);
  const inner = innerFolders.find((name) => entries.includes(name));
  const folder = inner === undefined || layoutOf(entries, labels) !== null ? directory : join(directory, inner);
  const names = folder === directory ? entries : await readdir(folder);
  const layout = layoutOf(names, labels);
  if (layout === null) {
    if (isPython(names) || (entries.length === 1 && pythonFolders.includes(entries[0] ?? "")))
      throw refusePython(directory);
    return null;
  }
  const files = new Map<string, NamedBytes>();
  for (const name of names.filter(
    (each) => layout.train.test(each) || layout.test.test(each) || each === layout.names,
  )) {
    files.set(name, await readBounded(folder, name));
    options.signal?.throwIfAborted();
  }
  const { onEvent } = options;
  const whole = cifarDataSet(layout, files, { where: folder, found: `the binary files in ${folder}` });
  const message = otherNumbers(layout, whole);
  if (message !== null) onEvent?.({ event: "notice", message });
  return holdOutValidation(whole, options.validation ?? 0, options.seed ?? 0);
};
