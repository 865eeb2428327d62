import sharp from "sharp";
import { describe, expect, test } from "vitest";
import type { Picture } from "../resample.ts";
import { openPicture } from "./decode-picture.ts";
import { inEveryFormat, jpeg } from "./image-folder.test.fixture.ts";

type Part = Parameters<Awaited<ReturnType<typeof openPicture>>["decodePart"]>[1];

/** The rows of a part, cut out of the whole. */
const partOf = ({ width, channels, bytes }: Picture, part: Part): Uint8Array => {
  const rows = Array.from({ length: part.height }, (_, y) => {
    const from = ((part.top + y) * width + part.left) * channels;
    return bytes.subarray(from, from + part.width * channels);
  });
  return new Uint8Array(Buffer.concat(rows));
};

const expectParts = async (name: string, file: Uint8Array): Promise<void> => {
  const stored = await openPicture(name, file);
  const { width: W, height: H } = stored;
  const parts: readonly Part[] = [
    { left: 0, top: 0, width: W, height: H },
    { left: 0, top: 0, width: 1, height: 1 },
    { left: W - 1, top: H - 1, width: 1, height: 1 },
    { left: Math.floor(W / 3), top: Math.floor(H / 4), width: Math.ceil(W / 2), height: Math.ceil(H / 2) },
  ];
  for (const channels of [1, 3]) {
    const whole = await stored.decode(channels);
    for (const part of parts) {
      const { width, height, bytes } = await stored.decodePart(channels, part);
      expect([width, height], name).toEqual([part.width, part.height]);
      expect(Buffer.compare(bytes, partOf(whole, part)), `${name} ${channels} ${JSON.stringify(part)}`).toBe(0);
    }
  }
};

describe("decodePart(channels, part)", { timeout: 120_000 }, () => {
  test("gives the pixels that the whole has there, in every format", async () => {
    for (const [name, file] of Object.entries(await inEveryFormat())) await expectParts(name, file);
  });

  test("gives them of JPEGs, progressive ones, and all that EXIF may turn and mirror", async () => {
    await expectParts("plain", await jpeg(101, 67, 3));
    await expectParts(
      "progressive",
      await sharp(await jpeg(101, 67, 3))
        .jpeg({ progressive: true })
        .toBuffer(),
    );
    for (let orientation = 1; orientation <= 8; orientation++) {
      const turned = await sharp(await jpeg(101, 67, 3))
        .withMetadata({ orientation })
        .jpeg()
        .toBuffer();
      await expectParts(`orientation ${orientation}`, turned);
    }
  });

  test("throws for damage within the part", async () => {
    const whole = await jpeg(300, 200, 5);
    const stored = await openPicture("cut.jpg", whole.subarray(0, whole.length / 2));
    const part = { left: 0, top: 0, width: 300, height: 200 };
    await expect(stored.decodePart(3, part)).rejects.toThrow(/^cut\.jpg: is damaged: it can't be decoded \(.+\)$/);
  });
});
