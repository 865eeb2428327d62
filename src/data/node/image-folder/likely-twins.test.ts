import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { jpeg, writeFiles } from "../image-folder.test.fixture.ts";
import { temporaryDirectory } from "../temporary-directory.test.fixture.ts";
import { digestLikelyTwins } from "./likely-twins.ts";
import { probeFiles } from "./probe-files.ts";

test("digestLikelyTwins(folder, images) reads files of one size and with the same ends, and no others", async () => {
  const large = await jpeg(1200, 900, 3);
  const inside = Buffer.from(large);
  inside[large.length >> 1]! ^= 1; // between the 64 KiB at each end
  const files = { "a/1.jpg": large, "a/2.jpg": large, "b/inside.jpg": inside, "b/other.jpg": await jpeg(1200, 900, 4) };
  const folder = await writeFiles(await temporaryDirectory(), files);
  const probed = await probeFiles(folder, Object.keys(files), {}, 1000);
  const images = probed.map((one) => ({ file: one.file, split: null, class: "a", pathInClass: one.file, probed: one }));
  const digests = (await digestLikelyTwins(folder, images)).map(({ probed: { probe } }) =>
    probe.kind === "picture" ? probe.sha256 : "broken",
  );
  const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
  expect(digests).toEqual([sha256(large), sha256(large), sha256(inside), null]);
});
