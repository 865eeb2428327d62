// For tests: the same small images as CIFAR's binary files, folders of PNG files, tar shards and Parquet files.
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import sharp from "sharp";
import { randomPurposes, randomStream } from "../../base/philox.ts";
import { tarEnd, tarEntry } from "../tar-entry.ts";
import { cifar10Layout } from "./cifar/cifar-files.ts";

/** An image of 32×32 as each form has it. */
export interface SmallImage {
  readonly label: number;
  /** [C, H, W]. */
  readonly planes: Uint8Array;
  readonly png: Uint8Array;
}

export const cifarClasses: readonly string[] = cifar10Layout.knownNames ?? [];

/** `perClass` images of each of CIFAR-10's classes, class by class: the order in which a folder has them. */
export const smallImages = async (perClass: number, seed: number): Promise<readonly SmallImage[]> => {
  const images: SmallImage[] = [];
  for (let label = 0; label < 10; label++) {
    for (let i = 0; i < perClass; i++) {
      const stream = randomStream(seed, randomPurposes.synthetic, label, i);
      const planes = Uint8Array.from({ length: 3 * 1024 }, () => stream.below(256));
      const interleaved = Uint8Array.from(planes, (_, k) => planes[(k % 3) * 1024 + Math.floor(k / 3)]!);
      const png = await sharp(interleaved, { raw: { width: 32, height: 32, channels: 3 } })
        .png()
        .toBuffer();
      images.push({ label, planes, png });
    }
  }
  return images;
};

const write = async (folder: string, files: Readonly<Record<string, Uint8Array>>): Promise<string> => {
  for (const [name, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), bytes);
  }
  return folder;
};

export const cifarBytes = (images: readonly SmallImage[]): Uint8Array =>
  Buffer.concat(images.flatMap(({ label, planes }) => [Uint8Array.of(label), planes]));

const text = (content: string): Uint8Array => new TextEncoder().encode(content);

/** A tar archive of these members. */
export const tar = (members: readonly (readonly [name: string, contents: Uint8Array | string])[]): Uint8Array =>
  Buffer.concat([
    ...members.flatMap(([name, contents]) => tarEntry(name, typeof contents === "string" ? text(contents) : contents)),
    tarEnd,
  ]);

export const shard = (images: readonly SmallImage[], first = 0): Uint8Array =>
  tar(
    images.flatMap(({ label, png }, i) => {
      const key = String(first + i).padStart(6, "0");
      return [[`${key}.cls`, String(label)] as const, [`${key}.png`, png] as const];
    }),
  );

/** What `datasets` of Hugging Face writes into its files. */
const huggingFace = JSON.stringify({
  info: { features: { image: { _type: "Image" }, label: { names: cifarClasses, _type: "ClassLabel" } } },
});

/** A file as the hub has it: image { bytes, path } and label, all of which may be missing. */
export const parquet = (
  images: readonly { readonly label: number; readonly png: Uint8Array | null }[],
  options: { readonly rowGroupSize?: number; readonly pageSize?: number; readonly codec?: "UNCOMPRESSED" } = {},
): Uint8Array =>
  new Uint8Array(
    parquetWriteBuffer({
      schema: [
        { name: "schema", num_children: 2 },
        { name: "image", repetition_type: "OPTIONAL", num_children: 2 },
        { name: "bytes", type: "BYTE_ARRAY", repetition_type: "OPTIONAL" },
        { name: "path", type: "BYTE_ARRAY", repetition_type: "OPTIONAL", converted_type: "UTF8" },
        { name: "label", type: "INT64", repetition_type: "OPTIONAL" },
      ],
      columnData: [
        { name: "image", data: images.map(({ png }, i) => ({ bytes: png, path: `${i}.png` })) },
        { name: "label", data: images.map(({ label }) => (label < 0 ? null : BigInt(label))) },
      ],
      rowGroupSize: 7,
      pageSize: 8000,
      kvMetadata: [{ key: "huggingface", value: huggingFace }],
      ...options,
    }),
  );

/** One folder for each form, below `folder`. */
export const writeAllForms = async (
  folder: string,
  train: readonly SmallImage[],
  test: readonly SmallImage[],
): Promise<Readonly<Record<"cifar" | "images" | "shards" | "parquet", string>>> => {
  const pngs = (split: string, images: readonly SmallImage[]) =>
    images.map(
      ({ label, png }, i) => [`${split}/${cifarClasses[label]}/${String(i).padStart(4, "0")}.png`, png] as const,
    );
  const half = Math.ceil(train.length / 2);
  const [firstHalf, rest] = [train.slice(0, half), train.slice(half)];
  return {
    cifar: await write(join(folder, "cifar"), {
      "data_batch_1.bin": cifarBytes(firstHalf),
      "data_batch_2.bin": cifarBytes(rest),
      "test_batch.bin": cifarBytes(test),
      "batches.meta.txt": text(`${cifarClasses.join("\n")}\n\n`),
    }),
    images: await write(join(folder, "images"), Object.fromEntries([...pngs("train", train), ...pngs("test", test)])),
    shards: await write(join(folder, "shards"), {
      "train-000000.tar": shard(firstHalf),
      "train-000001.tar": shard(rest, half),
      "test-000000.tar": shard(test),
      "classes.txt": text(`${cifarClasses.join("\n")}\n`),
    }),
    parquet: await write(join(folder, "parquet"), {
      "data/train-00000-of-00002.parquet": parquet(firstHalf),
      "data/train-00001-of-00002.parquet": parquet(rest),
      "data/test-00000-of-00001.parquet": parquet(test),
    }),
  };
};
