import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FormatError, UsageError } from "../../base/errors.ts";
import { readImageFile } from "./image-file.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residual-image-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Channels = 1 | 2 | 3 | 4;
const picture = (bytes: readonly number[], width: number, height: number, channels: Channels) =>
  sharp(Uint8Array.from(bytes), { raw: { width, height, channels } });

describe("readImageFile(file, shape, cwd)", () => {
  test("gives grey pixels of the network's size as they are", async () => {
    await picture([0, 50, 100, 150, 200, 255], 3, 2, 1).png().toFile(join(folder, "grey.png"));
    const { bytes, offset, shape } = await readImageFile("grey.png", [1, 2, 3], folder);
    expect([...bytes]).toEqual([0, 50, 100, 150, 200, 255]);
    expect({ offset, shape }).toEqual({ offset: 0, shape: [1, 2, 3] });
  });

  test("puts colours channels first, and a grey picture into each of three channels", async () => {
    await picture([1, 2, 3, 40, 50, 60], 2, 1, 3).png().toFile(join(folder, "colour.png"));
    expect([...(await readImageFile("colour.png", [3, 1, 2], folder)).bytes]).toEqual([1, 40, 2, 50, 3, 60]);
    await picture([7, 9], 2, 1, 1).png().toFile(join(folder, "two.png"));
    expect([...(await readImageFile("two.png", [3, 1, 2], folder)).bytes]).toEqual([7, 9, 7, 9, 7, 9]);
  });

  test("makes colours grey by their luminance, keeping greys", async () => {
    await picture([255, 0, 0, 0, 255, 0, 0, 0, 255, 90, 90, 90], 4, 1, 3).png().toFile(join(folder, "rgb.png"));
    const [red = 0, green = 0, blue = 0, grey] = (await readImageFile("rgb.png", [1, 1, 4], folder)).bytes;
    expect(green).toBeGreaterThan(red);
    expect(red).toBeGreaterThan(blue);
    expect(grey).toBe(90);
  });

  test("shows what is transparent as black, and 16 bits as 8", async () => {
    await picture([200, 255, 200, 0], 2, 1, 2).png().toFile(join(folder, "alpha.png"));
    expect([...(await readImageFile("alpha.png", [1, 1, 2], folder)).bytes]).toEqual([200, 0]);
    await picture([0, 128, 255], 3, 1, 1).toColourspace("grey16").png().toFile(join(folder, "deep.png"));
    expect((await sharp(join(folder, "deep.png")).metadata()).depth).toBe("ushort");
    expect([...(await readImageFile("deep.png", [1, 1, 3], folder)).bytes]).toEqual([0, 128, 255]);
  });

  test("reads JPEG and WebP, and resizes to height and width", async () => {
    const grey = Array.from({ length: 40 * 20 }, () => 120);
    await picture(grey, 40, 20, 1).jpeg().toFile(join(folder, "wide.jpg"));
    await picture(grey, 40, 20, 1).webp({ lossless: true }).toFile(join(folder, "wide.webp"));
    for (const file of ["wide.jpg", "wide.webp"]) {
      const { bytes } = await readImageFile(file, [1, 4, 6], folder);
      expect([...bytes]).toEqual(Array.from({ length: 24 }, () => 120));
    }
  });

  test("refuses what is no such picture, in one sentence", async () => {
    await writeFile(join(folder, "text.png"), "hello");
    await expect(readImageFile("text.png", [1, 8, 8], folder)).rejects.toThrow(
      /^text\.png: is not a picture that can be read: PNG, JPEG or WebP \(.+\)$/,
    );
    await picture([1], 1, 1, 1).gif().toFile(join(folder, "other.gif"));
    const refused = readImageFile("other.gif", [1, 8, 8], folder);
    await expect(refused).rejects.toThrow("other.gif: is a gif file; PNG, JPEG and WebP are read");
    await expect(refused).rejects.toThrow(FormatError);
    await expect(readImageFile("none.png", [1, 8, 8], folder)).rejects.toThrow("there is no file none.png");
    await expect(readImageFile(".", [1, 8, 8], folder)).rejects.toThrow(". is not a file");
    await expect(readImageFile("text.png", [2, 8, 8], folder)).rejects.toThrow(UsageError);
  });

  test("refuses a cut-off picture rather than filling it up", async () => {
    const path = join(folder, "cut.png");
    await picture(
      Array.from({ length: 64 * 64 }, (_, i) => (i * 37) % 256),
      64,
      64,
      1,
    )
      .png()
      .toFile(path);
    await truncate(path, 600);
    await expect(readImageFile("cut.png", [1, 64, 64], folder)).rejects.toThrow("is not a picture that can be read");
  });

  test("refuses huge files before reading them, and huge pictures before decoding them", async () => {
    await writeFile(join(folder, "huge.png"), "");
    await truncate(join(folder, "huge.png"), 2 ** 40);
    await expect(readImageFile("huge.png", [1, 8, 8], folder)).rejects.toThrow(
      "huge.png has 1099511627776 bytes; pictures of at most 67108864 are read",
    );
    const side = 10_001;
    const black = sharp({ create: { width: side, height: side, channels: 3, background: "black" } });
    await black.png({ compressionLevel: 9 }).toFile(join(folder, "bomb.png"));
    await expect(readImageFile("bomb.png", [1, 8, 8], folder)).rejects.toThrow(/exceeds pixel limit/);
  });
});
