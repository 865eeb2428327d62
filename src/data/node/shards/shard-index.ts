// What is in one tar shard of a WebDataset (Aizman, Maltby, Breuel 2019): where each image lies, and its label. Members whose names agree up
// to the first dot of their last part belong to one sample and lie one after the other: 000017.jpg, 000017.cls.
import { open } from "node:fs/promises";
import { FormatError } from "../../../base/errors.ts";
import { openWindow, type ReadAt } from "../file-window.ts";
import { printable } from "../printable.ts";
import { type LabelExtension, labelExtensions, readLabel, type StoredLabel } from "./sample-label.ts";
import { type TarMember, tarMembers } from "./tar-members.ts";

/** An image of a shard. */
export interface Sample {
  /** The image's member, as the archive names it. */
  readonly name: string;
  readonly offset: number;
  readonly length: number;
  readonly label: StoredLabel;
}

export interface ShardIndex {
  readonly samples: readonly Sample[];
  /** Samples that have an image but can't be used. */
  readonly leftOut: readonly { readonly name: string; readonly problem: string }[];
  /** Samples without an image. */
  readonly withoutImage: number;
}

const imageExtensions: ReadonlySet<string> = new Set(["jpg", "jpeg", "jpe", "jfif", "png", "webp", "gif", "avif"]);

/** Longer members of a label's kind are no labels. */
const largestLabelBytes = 2 ** 16;
/** Larger pictures are not read anyway (decode-picture.ts); and lengths are kept in 31 bits. */
const largestImageBytes = 2 ** 31 - 1;

/** "a/b.c/17.seg.PNG": key "a/b.c/17", extension "png". */
const partsOf = (name: string): { readonly key: string; readonly extension: string } => {
  const dot = name.indexOf(".", name.lastIndexOf("/") + 1);
  if (dot === -1) return { key: name, extension: "" };
  return { key: name.slice(0, dot), extension: name.slice(name.lastIndexOf(".") + 1).toLowerCase() };
};

const isLabelExtension = (extension: string): extension is LabelExtension =>
  labelExtensions.some((known) => known === extension);

/** Members of a sample that matter, gathered one by one. */
interface Gathered {
  readonly key: string;
  image: TarMember | null;
  readonly labels: Map<LabelExtension, StoredLabel | null>;
}

const gather = async (into: Gathered, member: TarMember, extension: string, readAt: ReadAt): Promise<void> => {
  if (imageExtensions.has(extension)) {
    into.image ??= member;
  } else if (isLabelExtension(extension) && !into.labels.has(extension)) {
    const isShort = member.size <= largestLabelBytes;
    const text = isShort ? new TextDecoder().decode(await readAt(member.offset, member.size)) : "";
    into.labels.set(extension, readLabel(extension, text));
  }
};

/** Reads an open shard. `file` is what errors call it. Throws FormatError where the archive is damaged or cut off. */
export const readShardIndex = async (readAt: ReadAt, file: string, fileBytes: number): Promise<ShardIndex> => {
  const samples: Sample[] = [];
  const leftOut: { name: string; problem: string }[] = [];
  let withoutImage = 0;
  const finish = ({ image, labels }: Gathered): void => {
    if (image === null) {
      withoutImage++;
      return;
    }
    const { offset, size: length } = image;
    const name = printable(image.name);
    const label = labelExtensions.map((extension) => labels.get(extension)).find((found) => found != null);
    if (length === 0) leftOut.push({ name, problem: "is empty: 0 bytes" });
    else if (length > largestImageBytes) leftOut.push({ name, problem: `has ${length} bytes` });
    else if (label == null)
      leftOut.push({ name, problem: "has no label: no class in a .cls, .json or .txt beside it" });
    else samples.push({ name, offset, length, label });
  };
  let current: Gathered | null = null;
  for await (const member of tarMembers(readAt, file, fileBytes)) {
    const { key, extension } = partsOf(member.name);
    if (current !== null && current.key !== key) {
      finish(current);
      current = null;
    }
    current ??= { key, image: null, labels: new Map() };
    await gather(current, member, extension, readAt);
  }
  if (current !== null) finish(current);
  return { samples, leftOut, withoutImage };
};

/** Reads the shard at `path`, which errors call `file`. */
export const indexShard = async (path: string, file: string, fileBytes: number): Promise<ShardIndex> => {
  if (fileBytes === 0) throw new FormatError(file, "is empty: 0 bytes");
  const handle = await open(path);
  try {
    return await readShardIndex(openWindow(handle, file, fileBytes), file, fileBytes);
  } finally {
    await handle.close();
  }
};
