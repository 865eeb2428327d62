// Pictures in tar shards and Parquet files that lie in train and in a held-out split as well, byte for byte; of folders folder-notices.ts tells.
// In shards only pictures of one length can be the same, and only those are read; Parquet's lengths aren't known before. What would take
// long is left to `residual data inspect`, and that is said. 144 MB in 60,000 pictures take 1.4 s of Parquet, and at most as much of shards.
import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { FormatError } from "../../../base/errors.ts";
import type { DataSet } from "../../data-set.ts";
import type { ImageSource, SourceKind } from "../../source.ts";
import type { DataSetOptions } from "../data-set-options.ts";
import { imagesSharedSentence } from "../image-folder/folder-notices.ts";
import { parquetBytes } from "../parquet/parquet-pictures.ts";
import { readSpan } from "../span-pictures.ts";

/** More bytes are not read for it. */
const largestComparedBytes = 2 ** 28;
/** Pictures read between two looks at the signal. */
const signalEvery = 256;

type Container = ImageSource<"spans" | "parquet">;

/** How the pictures of a source are compared. */
interface Stored {
  /** Pictures that may lie in `other` as well, and the bytes that have to be read for them. */
  readonly candidates: (other: Container) => Promise<{ readonly images: readonly number[]; readonly bytes: number }>;
  readonly read: (image: number) => Promise<Uint8Array>;
  readonly nameOf: (image: number) => string;
}

const everyImage = ({ labels }: Container): readonly number[] => Array.from(labels, (_, image) => image);

const storedAs: { readonly [K in Container["kind"]]: (source: ImageSource<K>) => Stored } = {
  spans: ({ folder, files, fileOf, offsets, lengths, names }) => {
    const nameOf = (image: number): string => `${files[fileOf[image] ?? -1] ?? folder}: ${names[image] ?? image}`;
    return {
      candidates: async (other) => {
        const theirs = new Set(other.kind === "spans" ? other.lengths : []);
        const images = [...lengths.keys()].filter((image) => theirs.has(lengths[image] ?? -1));
        return { images, bytes: images.reduce((sum, image) => sum + (lengths[image] ?? 0), 0) };
      },
      read: (image) => {
        const path = join(folder, files[fileOf[image] ?? -1] ?? "");
        return readSpan(path, offsets[image] ?? 0, lengths[image] ?? 0, nameOf(image));
      },
      nameOf,
    };
  },
  parquet: (source) => ({
    candidates: async () => {
      const used = [...new Set(source.fileOf)].map((file) => source.files[file] ?? "");
      const sizes = await Promise.all(used.map(async (file) => (await stat(join(source.folder, file))).size));
      return { images: everyImage(source), bytes: sizes.reduce((sum, bytes) => sum + bytes, 0) };
    },
    ...parquetBytes(source),
  }),
};

const openStored = <K extends Container["kind"]>(source: ImageSource<K>): Stored => storedAs[source.kind](source);

const isContainer = (source: ImageSource<SourceKind> | null): source is Container =>
  source !== null && (source.kind === "spans" || source.kind === "parquet");

/** Calls `each` with the digest of each image; pictures that can't be read are told of when they are decoded. */
const digests = async (
  { read }: Stored,
  images: readonly number[],
  signal: AbortSignal | undefined,
  each: (digest: string, image: number) => void,
): Promise<void> => {
  for (const [i, image] of images.entries()) {
    if (i % signalEvery === 0) signal?.throwIfAborted();
    try {
      each(
        createHash("sha256")
          .update(await read(image))
          .digest("base64"),
        image,
      );
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
    }
  }
};

/** Tells `onEvent` of held-out pictures that are trained on as well, one sentence for each split. */
export const tellSharedPictures = async (
  directory: string,
  { train, test, validation }: Pick<DataSet, "train" | "test" | "validation">,
  { onEvent, signal }: DataSetOptions,
): Promise<void> => {
  const splits = { test, validation } as const;
  if (onEvent === undefined || !isContainer(train)) return;
  const trained = openStored(train);
  for (const split of ["test", "validation"] as const) {
    const source = splits[split];
    if (!isContainer(source)) continue;
    const held = openStored(source);
    const [mine, theirs] = [await trained.candidates(source), await held.candidates(train)];
    const bytes = mine.bytes + theirs.bytes;
    if (bytes > largestComparedBytes) {
      const message = `training and ${split} images were not compared, for which ${(bytes / 2 ** 30).toFixed(1)} GiB would be read; residual data inspect ${directory} finds those that are the same`;
      onEvent({ event: "notice", message });
      continue;
    }
    const heldBy = new Map<string, number[]>();
    await digests(held, theirs.images, signal, (digest, image) => {
      heldBy.set(digest, [...(heldBy.get(digest) ?? []), image]);
    });
    const twins = new Map<number, number>();
    await digests(trained, mine.images, signal, (digest, image) => {
      for (const twin of heldBy.get(digest) ?? []) if (!twins.has(twin)) twins.set(twin, image);
    });
    if (twins.size === 0) continue;
    const pairs = [...twins]
      .sort(([a], [b]) => a - b)
      .map(([image, twin]) => `${held.nameOf(image)} = ${trained.nameOf(twin)}`);
    onEvent({ event: "warning", message: imagesSharedSentence(split, pairs) });
  }
};
