// The compressions of Parquet's pages. A page says how many bytes it holds; no more are ever written, whatever the compressed bytes say.
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { ZSTDDecoder } from "zstddec";
import { decompressSnappy } from "../../snappy.ts";

type Decompress = (bytes: Uint8Array, length: number) => Uint8Array | Promise<Uint8Array>;

/** Each block of a Zstandard frame has a header of 3 bytes and gives at most 128 KiB (RFC 8878, §3.1.1.2). */
const zstandardBlock = { headerBytes: 3, largestBytes: 2 ** 17 };

/** Zstandard's own decoder as WebAssembly; Node 20 has none. It runs in a memory of its own, and takes there what it is given and gives. */
const decompressZstandard: Decompress = async (bytes, length) => {
  const most = (bytes.length / zstandardBlock.headerBytes) * zstandardBlock.largestBytes;
  if (length > most) throw new RangeError(`${bytes.length} bytes of Zstandard can't hold ${length}`);
  if (length === 0) return new Uint8Array(0);
  const decoder = new ZSTDDecoder();
  await decoder.init();
  const decompressed = decoder.decode(bytes, length);
  if (decompressed.length === 0)
    throw new RangeError(`the Zstandard data are damaged, or hold more than ${length} bytes`);
  return decompressed;
};

const decompressors: ReadonlyMap<string, Decompress> = new Map<string, Decompress>([
  ["UNCOMPRESSED", (bytes) => bytes],
  ["SNAPPY", decompressSnappy],
  ["GZIP", (bytes, length) => gunzipSync(bytes, { maxOutputLength: Math.max(1, length) })],
  ["BROTLI", (bytes, length) => brotliDecompressSync(bytes, { maxOutputLength: Math.max(1, length) })],
  ["ZSTD", decompressZstandard],
]);

/** Exactly `length` bytes. Throws RangeError where the bytes hold another number of them, and for a compression that isn't read. */
export const decompress = async (codec: string, bytes: Uint8Array, length: number): Promise<Uint8Array> => {
  const decompressor = decompressors.get(codec);
  if (decompressor === undefined) {
    throw new RangeError(`its compression ${codec} is not read; ${[...decompressors.keys()].join(", ")} are`);
  }
  const decompressed = await decompressor(bytes, length);
  if (decompressed.length !== length) {
    throw new RangeError(`it decompresses to ${decompressed.length} bytes, not ${length}`);
  }
  return decompressed;
};
