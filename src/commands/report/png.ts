// Pixels and drawings to PNG bytes: the only file here that uses sharp.
import sharp from "sharp";
import type { Picture } from "../../data/resample.ts";

/** Pictures are drawn at twice their nominal size, for sharp print and dense screens. */
const scale = 2;
/** SVG's pixel is one dot at 72 dots an inch in librsvg. */
const dotsPerInch = 72;

export const drawPng = async (svg: string): Promise<Uint8Array> =>
  new Uint8Array(
    await sharp(Buffer.from(svg), { density: dotsPerInch * scale })
      .png({ compressionLevel: 9 })
      .toBuffer(),
  );

/**
 * An image as PNG, enlarged by a whole factor to at least `side` pixels with its pixels kept as squares ("nearest").
 * One channel is grey and three are red, green, blue; of any other number the mean of all is shown in grey.
 */
export const thumbnail = async (
  pixels: Uint8Array,
  [channels, height, width]: readonly [channels: number, height: number, width: number],
  side: number,
): Promise<Uint8Array> => {
  const area = height * width;
  const shown = channels === 3 ? 3 : 1;
  const interleaved = new Uint8Array(area * shown);
  for (let i = 0; i < area; i++) {
    if (shown === 3) {
      for (let c = 0; c < 3; c++) interleaved[i * 3 + c] = pixels[c * area + i]!;
    } else {
      let sum = 0;
      for (let c = 0; c < channels; c++) sum += pixels[c * area + i]!;
      interleaved[i] = Math.round(sum / channels);
    }
  }
  const factor = Math.max(1, Math.ceil(side / Math.max(height, width)));
  const image = sharp(interleaved, { raw: { width, height, channels: shown } })
    .resize(width * factor, height * factor, { kernel: "nearest" })
    .png({ compressionLevel: 9 });
  return new Uint8Array(await image.toBuffer());
};

/**
 * A decoded picture as a data URI, its longer side at most `side` pixels: as JPEG where it has more, else whole, with its pixels enlarged
 * as squares to about half of that.
 */
export const smallPicture = async ({ width, height, channels, bytes }: Picture, side: number): Promise<string> => {
  const raw = { width, height, channels: channels === 1 ? 1 : 3 } as const;
  const longer = Math.max(width, height);
  if (longer > side / 2) {
    const size = { width: side, height: side, fit: "inside", withoutEnlargement: true } as const;
    const jpeg = await sharp(bytes, { raw }).resize(size).jpeg({ quality: 85 }).toBuffer();
    return `data:image/jpeg;base64,${jpeg.toString("base64")}`;
  }
  const factor = Math.max(1, Math.round(side / 2 / longer));
  const enlarged = sharp(bytes, { raw }).resize(width * factor, height * factor, { kernel: "nearest" });
  return pngDataUri(await enlarged.png().toBuffer());
};

export const pngDataUri = (png: Uint8Array): string => `data:image/png;base64,${Buffer.from(png).toString("base64")}`;

/**
 * Whether this machine draws letters: without any font each becomes the same empty box, or nothing. Pages are not
 * affected, since the browser's fonts draw them.
 */
export const lettersAreDrawn = async (): Promise<boolean> => {
  const [narrow, wide] = await Promise.all(
    ["iiii", "WWWW"].map((text) =>
      sharp(
        Buffer.from(
          `<svg xmlns="http://www.w3.org/2000/svg" width="80" height="24"><text y="18" font-family="sans-serif">${text}</text></svg>`,
        ),
      )
        .raw()
        .toBuffer(),
    ),
  );
  return narrow !== undefined && wide !== undefined && !narrow.equals(wide);
};

/** A sentence for the person where pictures have no letters; nothing otherwise. */
export const fontWarnings = async (): Promise<readonly string[]> =>
  (await lettersAreDrawn())
    ? []
    : [
        "the PNG pictures of the report have no letters because this machine has no fonts (report.html is not affected): " +
          "install some, such as Debian's fonts-dejavu-core and fontconfig-config",
      ];
