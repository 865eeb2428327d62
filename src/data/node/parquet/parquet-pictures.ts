// Opens a source of pictures in Parquet files. A picture is read with the page that it lies in (1 MB as most writers have it): pages read
// last are kept, up to a bound, for pictures beside it.
import { join } from "node:path";
import { FormatError, UsageError } from "../../../base/errors.ts";
import type { PictureReader } from "../../reader.ts";
import type { ImageSource } from "../../source.ts";
import { checkStoredLength, readStoredPictures } from "../stored-picture.ts";
import { type ColumnReader, RecentPages, readColumn } from "./column-reader.ts";
import { openParquetFile } from "./parquet-file.ts";

/** Of decoded pages, in each thread. All of CIFAR-10 fits. */
const recentBytes = 2 ** 27;

const openColumn = async (path: string, name: string, column: string, recent: RecentPages): Promise<ColumnReader> => {
  const file = await openParquetFile(path, name);
  const found = file.columns.find((leaf) => leaf.path.join(".") === column);
  if (found === undefined) throw new UsageError(`${name} has no column ${column}`);
  return readColumn(file, found, recent);
};

/** The bytes of an image as they are stored. */
export const parquetBytes = ({ folder, files, column, fileOf, rows, labels }: ImageSource<"parquet">) => {
  const recent = new RecentPages(recentBytes);
  const columns = new Map<number, Promise<ColumnReader>>();
  const nameOf = (image: number): string => `${files[fileOf[image] ?? -1] ?? folder}: row ${rows[image] ?? image}`;
  const read = async (image: number): Promise<Uint8Array> => {
    const [index, row] = [fileOf[image], rows[image]];
    const file = files[index ?? -1];
    if (index === undefined || row === undefined || file === undefined) {
      throw new RangeError(`image ${image} of a source of ${labels.length}`);
    }
    const opening = columns.get(index) ?? openColumn(join(folder, file), file, column, recent);
    columns.set(index, opening);
    opening.catch(() => columns.delete(index)); // whoever asks next may have better luck
    const value = await (await opening).value(row);
    if (value instanceof Uint8Array) {
      checkStoredLength(nameOf(image), value.length);
      return value;
    }
    throw new FormatError(
      nameOf(image),
      "has no bytes of an image, perhaps a path alone; download the data with their images",
    );
  };
  return { nameOf, read };
};

export const readParquetPictures = (source: ImageSource<"parquet">): PictureReader => {
  const { nameOf, read } = parquetBytes(source);
  return readStoredPictures({ labels: source.labels, nameOf, bytes: read });
};
