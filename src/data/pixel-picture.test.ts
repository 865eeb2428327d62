import { describe, expect, test } from "vitest";
import { UsageError } from "../base/errors.ts";
import { pictureOfPixels } from "./pixel-picture.ts";

const sizes = { width: 2, height: 1, channels: 3 };

describe("pictureOfPixels(picture, where)", () => {
  test("takes channels last as they are, and brings channels there that come first", () => {
    const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6);
    expect(pictureOfPixels({ ...sizes, bytes }, "picture 1").bytes).toBe(bytes);
    const planes = Uint8Array.of(1, 4, 2, 5, 3, 6);
    expect(pictureOfPixels({ ...sizes, bytes: planes, layout: "channels-first" }, "picture 1")).toEqual({
      ...sizes,
      bytes,
    });
  });

  test("refuses bytes that are not the picture's", () => {
    expect(() => pictureOfPixels({ ...sizes, bytes: new Uint8Array(8) }, "picture 2")).toThrow(
      new UsageError(
        "picture 2: 1×2 pixels of 3 channels take 6 bytes but there are 8; is one channel (alpha) missing or too many?",
      ),
    );
    expect(() => pictureOfPixels({ ...sizes, width: 0.5, bytes: new Uint8Array(8) }, "picture 1")).toThrow(
      "picture 1: width, height and channels should be whole numbers of at least 1 but are 0.5, 1, 3",
    );
  });
});
