// What a person should know about a folder of images before anything is trained on it: sentences, each about one thing.
import { extname } from "node:path";
import type { DataSet, LeftOutFile } from "../../data-set.ts";
import type { ImageSource } from "../../source.ts";
import type { DataSetNotice } from "../data-set-options.ts";
import { pictureFormats } from "../decode-picture.ts";
import { printable } from "../printable.ts";
import type { FolderImage } from "./open-image-folder.ts";

export interface FolderFindings {
  readonly images: readonly FolderImage[];
  readonly leftOut: readonly LeftOutFile[];
  readonly classes: readonly string[];
  readonly emptyClasses: readonly string[];
  /** Files in class folders that are no pictures. */
  readonly others: readonly string[];
  /** Files beside class folders. */
  readonly strayFiles: readonly string[];
  readonly hidden: number;
  /** Folders of the splits, and folders beside them that are not looked into. */
  readonly splitFolders: readonly string[];
  readonly ignoredFolders: readonly string[];
  readonly splits: Pick<DataSet, "train" | "test" | "validation">;
}

/** Files that are left out are told one by one up to here; all of them are in the data set's `leftOut`. */
const mostLines = 20;
const examples = 3;

const listed = (names: readonly string[]): string => {
  const more = names.length - examples;
  return `${names.slice(0, examples).map(printable).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
};
const files = (count: number): string => `${count} ${count === 1 ? "file" : "files"}`;

const leftOutNotices = ({ leftOut, images }: FolderFindings): readonly string[] => {
  if (leftOut.length === 0) return [];
  const more = leftOut.length - mostLines;
  return [
    ...leftOut.slice(0, mostLines).map(({ file, problem }) => `left out: ${printable(file)} ${problem}`),
    ...(more > 0 ? [`left out: ${files(more)} more`] : []),
    `${files(leftOut.length)} left out, ${images.length} images used`,
  ];
};

/** "3 .txt, 2 .bmp, 1 without extension" */
const byExtension = (names: readonly string[]): string => {
  const counts = new Map<string, number>();
  for (const name of names) {
    const extension = extname(name).toLowerCase() || "without extension";
    counts.set(extension, (counts.get(extension) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return sorted.map(([extension, count]) => `${count} ${printable(extension)}`).join(", ");
};

const ignoredNotices = ({
  others,
  strayFiles,
  hidden,
  splitFolders,
  ignoredFolders,
}: FolderFindings): readonly string[] => [
  ...(ignoredFolders.length > 0
    ? [
        `ignored: ${ignoredFolders.length} ${ignoredFolders.length === 1 ? "folder" : "folders"} beside ${splitFolders.map((name) => `${name}/`).join(", ")} (${listed(ignoredFolders)})`,
      ]
    : []),
  ...(others.length > 0
    ? [`ignored: ${files(others.length)} of other kinds than ${pictureFormats} (${byExtension(others)})`]
    : []),
  ...(strayFiles.length > 0
    ? [`ignored: ${files(strayFiles.length)} beside the class folders, which have no class (${listed(strayFiles)})`]
    : []),
  ...(hidden > 0 ? [`ignored: ${hidden} hidden ${hidden === 1 ? "entry" : "entries"}`] : []),
];

const misnamedNotices = ({ images }: FolderFindings): readonly string[] => {
  const misnamed = images.flatMap(({ file, probed: { probe } }) =>
    probe.kind === "picture" && probe.actualFormat !== null ? [`${file} is ${probe.actualFormat.toUpperCase()}`] : [],
  );
  return misnamed.length === 0
    ? []
    : [`${files(misnamed.length)} of another format than the name says: ${listed(misnamed)}`];
};

const pathOf = (source: ImageSource): readonly string[] => (source.kind === "files" ? source.paths : []);

/** `pairs` are "held-out image = training image". */
export const imagesSharedSentence = (split: "test" | "validation", pairs: readonly string[]): string => {
  const images = pairs.length === 1 ? "image is a training image" : "images are training images";
  return `${pairs.length} ${split} ${images} as well, byte for byte (${listed(pairs)}); ${split} accuracy is flattered by them`;
};

/** Images with the same bytes: in train and in a held-out split, or in two classes. */
const duplicateNotices = ({ images, splits }: FolderFindings): readonly string[] => {
  const digests = new Map(
    images.flatMap(({ file, probed: { probe } }) =>
      probe.kind === "picture" && probe.sha256 !== null ? [[file, probe.sha256] as const] : [],
    ),
  );
  const trained = new Map<string, string>();
  for (const file of pathOf(splits.train)) {
    const digest = digests.get(file);
    if (digest !== undefined) trained.set(digest, file);
  }
  const shared = (["test", "validation"] as const).flatMap((split) => {
    const source = splits[split];
    const same = (source === null ? [] : pathOf(source)).flatMap((file) => {
      const twin = trained.get(digests.get(file) ?? "");
      return twin === undefined ? [] : [`${file} = ${twin}`];
    });
    if (same.length === 0) return [];
    return [imagesSharedSentence(split, same)];
  });
  const classOf = new Map<string, FolderImage>();
  const disputed: string[] = [];
  for (const image of images) {
    const digest = digests.get(image.file);
    if (digest === undefined) continue;
    const other = classOf.get(digest);
    if (other === undefined) classOf.set(digest, image);
    else if (other.class !== image.class) disputed.push(`${other.file} = ${image.file}`);
  }
  if (disputed.length === 0) return shared;
  const sentence = `${disputed.length} ${disputed.length === 1 ? "image lies" : "images lie"} in two classes, byte for byte`;
  return [...shared, `${sentence} (${listed(disputed)}); one label of each is wrong`];
};

const emptyNotices = ({ emptyClasses }: FolderFindings): readonly string[] =>
  emptyClasses.length === 0 ? [] : [`folders without images are no classes: ${emptyClasses.map(printable).join(", ")}`];

const as = (event: DataSetNotice["event"], messages: readonly string[]): readonly DataSetNotice[] =>
  messages.map((message) => ({ event, message }));

/** In the order in which they are told. */
export const noticesOf = (findings: FolderFindings): readonly DataSetNotice[] => [
  ...as("warning", leftOutNotices(findings)),
  ...as("warning", emptyNotices(findings)),
  ...as("notice", ignoredNotices(findings)),
  ...as("notice", misnamedNotices(findings)),
  ...as("warning", duplicateNotices(findings)),
];
