// For tests and tools/fuzz: damages archives of images (tar shards, Parquet, CIFAR's binaries), opens each as a data set and reads all of its
// images as training does. An archive is whole, refused in a line, or read with a line for what it lacks; anything else is lost.
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FormatError, UsageError } from "../../../base/errors.ts";
import { type RandomStream, randomPurposes, randomStream } from "../../../base/philox.ts";
import { preprocessingOf } from "../../preprocessing.ts";
import { type Damage, damages } from "../image-folder/damaged-pictures.test.fixture.ts";
import { openEvaluationLoader } from "../loader.ts";
import { openDataSet } from "../open-data-set.ts";
import { cifarBytes, parquet, type SmallImage, shard, smallImages } from "../sources.test.fixture.ts";

export interface ArchiveFates {
  /** Every image was read, whatever its pixels are now. */
  used: number;
  /** Opened or read with lines about what is broken, left out or odd. */
  told: number;
  /** FormatError or UsageError, in one line. */
  refused: number;
  /** Of those, each with what happened: another error, several lines of text, or images that are missing without a line. */
  readonly lost: string[];
  slowestSeconds: number;
}

interface Kind {
  readonly name: string;
  /** Of the training split and of the test split. */
  readonly files: readonly [train: string, test: string];
  readonly write: (images: readonly SmallImage[]) => Uint8Array;
  /** Damage that only this kind can have. */
  readonly own: Readonly<Record<string, Damage>>;
}

/** A member's size, from 512 bytes of tar header on, with the checksum made right: only what follows can betray it. */
const lyingTar: Damage = (whole, stream) => {
  const bytes = Buffer.from(whole);
  const headers = Array.from({ length: bytes.length / 512 }, (_, i) => 512 * i).filter(
    (at) => bytes.toString("latin1", at + 257, at + 262) === "ustar",
  );
  const at = headers[stream.below(headers.length)];
  if (at === undefined) return bytes;
  const claims = [0, 1, 511, 512, 513, 100_000, 8 ** 11 - 1];
  const claim = claims[stream.below(claims.length)] ?? 0;
  bytes.write(`${claim.toString(8).padStart(11, "0")}\0`, at + 124, "latin1");
  bytes.fill(0x20, at + 148, at + 156);
  const sum = bytes.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, at + 148, "latin1");
  return bytes;
};

/** Bytes of a Parquet file's footer, where its claims are. */
const garbledFooter: Damage = (whole, stream) => {
  const bytes = Buffer.from(whole);
  const footer = bytes.readUInt32LE(bytes.length - 8) + 8;
  for (let changes = 1 + stream.below(4); changes > 0; changes--) {
    bytes[bytes.length - 1 - stream.below(footer)] = stream.below(4) === 0 ? 0x80 : stream.below(256);
  }
  return bytes;
};

/** A byte that is a label, or was. */
const otherLabel: Damage = (whole, stream: RandomStream) => {
  const bytes = Buffer.from(whole);
  bytes[3073 * stream.below(bytes.length / 3073)] = stream.below(256);
  return bytes;
};

export const archiveKinds: readonly Kind[] = [
  { name: "tar", files: ["train-0.tar", "test-0.tar"], write: shard, own: { "lying of a member": lyingTar } },
  {
    name: "Parquet",
    files: ["train.parquet", "test.parquet"],
    write: parquet,
    own: { "in its footer": garbledFooter },
  },
  {
    name: "CIFAR",
    files: ["data_batch_1.bin", "test_batch.bin"],
    write: cifarBytes,
    own: { "with another label": otherLabel },
  },
];

const preprocessing = preprocessingOf([3, 32, 32], { mean: [0.5, 0.5, 0.5], deviation: [0.25, 0.25, 0.25] });

/** What became of one archive, in a word; errors that are no answer are thrown. */
const readArchive = async (folder: string, images: number): Promise<"used" | "told"> => {
  let lines = 0;
  const { train, leftOut = [] } = await openDataSet(folder, {
    onEvent: ({ event }) => {
      if (event === "warning" || event === "notice") lines++;
    },
  });
  lines += leftOut.length;
  const onBroken = (): void => {
    lines++;
  };
  const loader = openEvaluationLoader({ source: train, preprocessing, batch: 4, workers: 0, onBroken });
  let read = 0;
  for (let batch = await loader.next(); batch !== null; batch = await loader.next()) {
    if (!batch.images.data.every(Number.isFinite)) throw new Error("a batch isn't finite");
    read += batch.count;
    batch.release();
  }
  await loader.dispose();
  if (read >= images) return "used";
  if (lines === 0) throw new Error(`${images - read} of ${images} images are missing without a line`);
  return "told";
};

/** Damages `count` archives of a kind one after another, in a folder that is made for each, and reads them. */
export const readDamagedArchives = async (kind: Kind, count: number, folder: string): Promise<ArchiveFates> => {
  const fates: ArchiveFates = { used: 0, told: 0, refused: 0, lost: [], slowestSeconds: 0 };
  const images = await smallImages(1, 5);
  const [whole, tested] = [kind.write(images), kind.write(await smallImages(1, 6))];
  const ways = Object.entries({ ...damages, ...kind.own });
  for (let seed = 0; seed < count; seed++) {
    const [way, damage] = ways[seed % ways.length]!;
    const place = join(folder, `${kind.name}-${seed}`);
    await mkdir(place);
    await writeFile(
      join(place, kind.files[0]),
      damage(whole, randomStream(seed, randomPurposes.synthetic, whole.length)),
    );
    await writeFile(join(place, kind.files[1]), tested);
    const start = performance.now();
    try {
      fates[await readArchive(place, images.length)]++;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const isLine = (error instanceof FormatError || error instanceof UsageError) && !message.includes("\n");
      if (isLine) fates.refused++;
      else fates.lost.push(`${kind.name} ${way}, seed ${seed}: ${message}`);
    }
    fates.slowestSeconds = Math.max(fates.slowestSeconds, (performance.now() - start) / 1000);
    await rm(place, { recursive: true });
  }
  return fates;
};
