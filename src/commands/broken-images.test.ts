import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryDirectory } from "../data/node/temporary-directory.test.fixture.ts";
import { brokenImagesFile, listingBroken, refuseLeftOut, strictly } from "./broken-images.ts";
import { syntheticData } from "./environment.test.fixture.ts";
import type { CommandEvent } from "./events.ts";

const broken = { event: "broken", use: "training", problem: "b.png: is damaged (reason)", message: "…" } as const;
const data = { ...syntheticData, leftOut: [{ file: "a\n.jpg", problem: "is empty: 0 bytes" }] };

test("refuseLeftOut(data) lists what can't be used, and is silent where everything can", () => {
  expect(() => refuseLeftOut(data)).toThrow(
    "1 file of synthetic can't be used, and --strict allows none:\n  a\\u000a.jpg is empty: 0 bytes",
  );
  expect(() => refuseLeftOut(syntheticData)).not.toThrow();
  const many = Array.from({ length: 52 }, (_, i) => ({ file: `${i}.jpg`, problem: "is empty: 0 bytes" }));
  expect(() => refuseLeftOut({ ...data, leftOut: many })).toThrow(
    /^52 files of .+ 49\.jpg is empty: 0 bytes\n {2}and 2 more$/s,
  );
});

test("strictly(environment) stops at the first broken image, and passes other events on", () => {
  const events: CommandEvent[] = [];
  const { onEvent } = strictly({ onEvent: (event: CommandEvent) => events.push(event) });
  onEvent({ event: "notice", message: "hello" });
  expect(events).toHaveLength(1);
  expect(() => onEvent(broken)).toThrow(
    "b.png: is damaged (reason); --strict stops at the first image that can't be decoded, and residual data inspect lists all",
  );
});

describe("listingBroken(environment, directory, data)", () => {
  const lines = async (directory: string) => (await readFile(join(directory, brokenImagesFile), "utf8")).split("\n");

  test("writes each broken image once, however often it is told and the run is gone on with", async () => {
    const directory = await temporaryDirectory();
    const events: CommandEvent[] = [];
    const given = { onEvent: (event: CommandEvent) => events.push(event) };
    const expected = [
      '{"found":"opening","problem":"a\\\\u000a.jpg is empty: 0 bytes"}',
      '{"found":"training","problem":"b.png: is damaged (reason)"}',
      "",
    ];
    const first = await listingBroken(given, directory, data);
    first.onEvent(broken);
    first.onEvent(broken);
    expect(await lines(directory)).toEqual(expected);
    expect(events).toEqual([broken, broken]);
    await writeFile(join(directory, brokenImagesFile), `${expected.join("\n")}{"found":"eval`); // killed in mid-line
    const second = await listingBroken(given, directory, data);
    second.onEvent({ ...broken, problem: "b.png: is damaged (another reason)" });
    expect(await lines(directory)).toEqual(expected);
  });

  test("writes no file where nothing is broken", async () => {
    const directory = await temporaryDirectory();
    (await listingBroken({ onEvent: (_: CommandEvent) => {} }, directory, syntheticData)).onEvent({
      event: "notice",
      message: "",
    });
    await expect(lines(directory)).rejects.toThrow("ENOENT");
  });
});
