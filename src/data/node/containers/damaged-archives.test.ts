// Dozens of damaged archives of each kind: none crashes or hangs what reads them, and none loses an image without a line.
import { expect, test } from "vitest";
import { temporaryDirectory } from "../temporary-directory.test.fixture.ts";
import { archiveKinds, readDamagedArchives } from "./damaged-archives.test.fixture.ts";

/** tools/fuzz.ts reads hundreds. */
const count = 60;

test.each(archiveKinds)(
  `${count} damaged archives of $name are used, told of or refused`,
  {
    timeout: 120_000,
  },
  async (kind) => {
    const { used, told, refused, lost } = await readDamagedArchives(kind, count, await temporaryDirectory());
    expect(lost).toEqual([]);
    expect(used + told + refused).toBe(count);
    // Of both there are some, or the damage proves nothing.
    expect(Math.min(used, refused)).toBeGreaterThan(3);
  },
);
