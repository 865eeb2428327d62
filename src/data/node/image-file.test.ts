import { mkdtemp, rm, symlink, truncate, writeFile } from "node:fs/promises";
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

describe("readImageFile(file, channels, cwd)", () => {
  test("gives grey pixels as they are, row by row", async () => {
    await picture([0, 50, 100, 150, 200, 255], 3, 2, 1).png().toFile(join(folder, "grey.png"));
    const { bytes, ...shape } = await readImageFile("grey.png", 1, folder);
    expect([...bytes]).toEqual([0, 50, 100, 150, 200, 255]);
    expect(shape).toEqual({ width: 3, height: 2, channels: 1 });
  });

  test("gives colours pixel by pixel, and puts a grey picture into each of three channels", async () => {
    await picture([1, 2, 3, 40, 50, 60], 2, 1, 3).png().toFile(join(folder, "colour.png"));
    expect([...(await readImageFile("colour.png", 3, folder)).bytes]).toEqual([1, 2, 3, 40, 50, 60]);
    await picture([7, 9], 2, 1, 1).png().toFile(join(folder, "two.png"));
    expect([...(await readImageFile("two.png", 3, folder)).bytes]).toEqual([7, 7, 7, 9, 9, 9]);
  });

  test("makes colours grey by their luminance, keeping greys", async () => {
    await picture([255, 0, 0, 0, 255, 0, 0, 0, 255, 90, 90, 90], 4, 1, 3).png().toFile(join(folder, "rgb.png"));
    const [red = 0, green = 0, blue = 0, grey] = (await readImageFile("rgb.png", 1, folder)).bytes;
    expect(green).toBeGreaterThan(red);
    expect(red).toBeGreaterThan(blue);
    expect(grey).toBe(90);
  });

  test("shows what is transparent as black, and 16 bits as 8", async () => {
    await picture([200, 255, 200, 0], 2, 1, 2).png().toFile(join(folder, "alpha.png"));
    expect([...(await readImageFile("alpha.png", 1, folder)).bytes]).toEqual([200, 0]);
    await picture([0, 128, 255], 3, 1, 1).toColourspace("grey16").png().toFile(join(folder, "deep.png"));
    expect((await sharp(join(folder, "deep.png")).metadata()).depth).toBe("ushort");
    expect([...(await readImageFile("deep.png", 1, folder)).bytes]).toEqual([0, 128, 255]);
  });

  test("reads JPEG and WebP in their own size", async () => {
    const grey = Array.from({ length: 40 * 20 }, () => 120);
    await picture(grey, 40, 20, 1).jpeg().toFile(join(folder, "wide.jpg"));
    await picture(grey, 40, 20, 1).webp({ lossless: true }).toFile(join(folder, "wide.webp"));
    for (const file of ["wide.jpg", "wide.webp"]) {
      const { bytes, width, height } = await readImageFile(file, 1, folder);
      expect([width, height]).toEqual([40, 20]);
      expect([...bytes]).toEqual(grey);
    }
  });

  test("refuses what is no such picture, in one sentence", async () => {
    await writeFile(join(folder, "text.png"), "hello");
    await expect(readImageFile("text.png", 1, folder)).rejects.toThrow(
      /^text\.png: is not a picture that can be read: PNG, JPEG, WebP, AVIF and GIF are \(.+\)$/,
    );
    await picture([1], 1, 1, 1).tiff().toFile(join(folder, "other.tif"));
    const refused = readImageFile("other.tif", 1, folder);
    await expect(refused).rejects.toThrow("other.tif: is a tiff file; PNG, JPEG, WebP, AVIF and GIF are read");
    await expect(refused).rejects.toThrow(FormatError);
    await expect(readImageFile("none.png", 1, folder)).rejects.toThrow("there is no file none.png");
    await writeFile(join(folder, "empty.png"), "");
    await expect(readImageFile("empty.png", 1, folder)).rejects.toThrow(
      new FormatError("empty.png", "is empty: 0 bytes"),
    );
    await symlink("circle.png", join(folder, "circle.png"));
    await expect(readImageFile("circle.png", 1, folder)).rejects.toThrow(
      new UsageError("can't read circle.png: its symbolic links go round in a circle"),
    );
    await expect(readImageFile(".", 1, folder)).rejects.toThrow(". is not a file");
    await expect(readImageFile("text.png", 2, folder)).rejects.toThrow(UsageError);
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
    await expect(readImageFile("cut.png", 1, folder)).rejects.toThrow("cut.png: is damaged: it can't be decoded (");
  });

  test("refuses huge files before reading them, and huge pictures before decoding them", async () => {
    await writeFile(join(folder, "huge.png"), "");
    await truncate(join(folder, "huge.png"), 2 ** 40);
    await expect(readImageFile("huge.png", 1, folder)).rejects.toThrow(
      "huge.png has 1099511627776 bytes; pictures of at most 67108864 are read",
    );
    const side = 10_001;
    const black = sharp({ create: { width: side, height: side, channels: 3, background: "black" } });
    await black.png({ compressionLevel: 9 }).toFile(join(folder, "bomb.png"));
    await expect(readImageFile("bomb.png", 1, folder)).rejects.toThrow(
      "bomb.png: has 10001×10001 pixels; pictures of at most 100000000 are read",
    );
  });
});
