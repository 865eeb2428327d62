// Against Pillow 9.4's ImageOps.exif_transpose and convert("RGB"), on pictures stored in the ways that people's files are:
// fixtures/pictures/modes, made by tools/goldens/picture_modes.py.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { openPicture } from "./decode-picture.ts";

const folder = fileURLToPath(new URL("../../../../fixtures/pictures/modes/", import.meta.url)); // from dist/src/data/node
const golden = z.object({
  pictures: z.array(
    z.object({ file: z.string(), mode: z.string(), size: z.tuple([z.number(), z.number()]), bytes: z.string() }),
  ),
});
type Golden = z.infer<typeof golden>["pictures"][number];

let pictures: readonly Golden[] = [];
beforeAll(async () => {
  ({ pictures } = golden.parse(JSON.parse(await readFile(`${folder}modes.golden.json`, "utf8"))));
});

/** Where Pillow gives other numbers, with the reason; decode-picture.ts has the sources. */
const different: Readonly<Record<string, string>> = {
  "cmyk.jpg": "Pillow multiplies (1 − C)·(1 − K), whatever the inks look like",
  "grey-16-bit.png": "Pillow clips to 255",
  "veiled.png": "Pillow shows the colours below what is transparent",
};

const decode = async (file: string) => {
  const picture = await openPicture(file, await readFile(`${folder}${file}`));
  return { picture, decoded: await picture.decode(3) };
};
const goldenOf = (file: string): Golden => {
  const found = pictures.find((one) => one.file === file);
  if (found === undefined) throw new Error(`no golden of ${file}`);
  return found;
};

describe("openPicture(file).decode(3)", () => {
  test("gives Pillow's RGB, bit for bit", async () => {
    const equal = pictures.filter(({ file }) => different[file] === undefined);
    expect(equal).toHaveLength(27);
    for (const { file, size, bytes } of equal) {
      const { picture, decoded } = await decode(file);
      expect([file, picture.width, picture.height]).toEqual([file, ...size]);
      expect([file, Buffer.from(decoded.bytes).toString("hex")]).toEqual([file, bytes]);
    }
  });

  test("keeps the upper 8 bits of 16 of grey", async () => {
    const { decoded } = await decode("grey-16-bit.png");
    const eight = await decode("grey.png");
    expect(decoded.bytes).toEqual(eight.decoded.bytes);
  });

  test("takes CMYK for inks, whose colours are near Pillow's product but not the same", async () => {
    const { decoded } = await decode("cmyk.jpg");
    const reference = Buffer.from(goldenOf("cmyk.jpg").bytes, "hex");
    const mean = reference.reduce((sum, value, i) => sum + Math.abs(value - decoded.bytes[i]!), 0) / reference.length;
    expect(mean).toBeGreaterThan(1);
    expect(mean).toBeLessThan(40); // an inverted picture would be off by 90 and more
  });

  test("puts what is transparent on black, in proportion", async () => {
    const { decoded } = await decode("veiled.png");
    const stored = Buffer.from(goldenOf("veiled.png").bytes, "hex"); // Pillow drops alpha, which is i mod 256 here
    decoded.bytes.forEach((value, i) => {
      expect(Math.abs(value - (stored[i]! * (Math.floor(i / 3) % 256)) / 255)).toBeLessThanOrEqual(1);
    });
  });

  test("says what the header says", async () => {
    const factsOf = async (file: string) => (await decode(file)).picture.facts;
    expect(await factsOf("rgb.jpg")).toMatchObject({ format: "jpeg", mode: "RGB", isTurned: false, isAnimated: false });
    expect(await factsOf("turned-6.jpg")).toMatchObject({ isTurned: true });
    expect(await factsOf("first-of-two.gif")).toMatchObject({ format: "gif", isAnimated: true });
    expect(await factsOf("first-of-two.webp")).toMatchObject({ format: "webp", isAnimated: true });
    expect((await factsOf("cmyk.jpg")).mode).toBe("CMYK");
    expect((await factsOf("grey-16-bit.png")).mode).toBe("grey 16 bit");
    expect((await factsOf("veiled.png")).mode).toBe("RGB with alpha");
    expect((await factsOf("palette.png")).mode).toBe("RGB with palette");
    expect(Buffer.from((await factsOf("rgb.png")).contentDigest()).toString("hex")).toMatch(/^[0-9a-f]{64}$/);
  });

  test("reads AVIF", async () => {
    const { decoded } = await decode("rgb.png");
    const raw = { width: decoded.width, height: decoded.height, channels: 3 } as const;
    const avif = await sharp(decoded.bytes, { raw }).avif({ lossless: true, chromaSubsampling: "4:4:4" }).toBuffer();
    const picture = await openPicture("a.avif", avif);
    expect([picture.format, picture.width, picture.height]).toEqual(["avif", 24, 18]);
    const again = await picture.decode(3);
    // Lossless of its YCbCr, in which RGB of 8 bits is rounded: by 2 at most.
    expect(Math.max(...again.bytes.map((value, i) => Math.abs(value - decoded.bytes[i]!)))).toBeLessThanOrEqual(2);
  });
});
