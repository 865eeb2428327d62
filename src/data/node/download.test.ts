import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type DownloadProgress, download } from "./download.ts";
import { serve } from "./serve.test.fixture.ts";
import { temporaryDirectory } from "./temporary-directory.test.fixture.ts";

const content = Buffer.from("a".repeat(1000));
const md5 = createHash("md5").update(content).digest("hex");

const serveFiles = (files: Record<string, Buffer>): Promise<string> => serve((path) => files[path]);

describe("download({ address, md5, bytes, path })", () => {
  test("puts the whole file in place, making its directory, and says how far it is", async () => {
    const host = await serveFiles({ "/f": content });
    const directory = join(await temporaryDirectory(), "a", "b");
    const events: DownloadProgress[] = [];
    const path = join(directory, "f");
    await download({ address: `${host}/f`, md5, bytes: 1000, path, onEvent: (event) => events.push(event) });
    expect(await readFile(path)).toEqual(content);
    expect(await readdir(directory)).toEqual(["f"]);
    expect(events.at(-1)).toEqual({ event: "download", address: `${host}/f`, receivedBytes: 1000, totalBytes: 1000 });
  });

  test.each([
    ["another MD5", { md5: "0".repeat(32) }, `has the MD5 ${md5} but should have ${"0".repeat(32)}`],
    ["too many bytes", { bytes: 999 }, "sent more than the expected 999 bytes"],
    ["too few bytes", { bytes: 1001 }, "sent 1000 of the expected 1001 bytes"],
  ])("refuses %s and writes nothing", async (_, change, message) => {
    const host = await serveFiles({ "/f": content });
    const directory = await temporaryDirectory();
    const options = { address: `${host}/f`, md5, bytes: 1000, path: join(directory, "f"), ...change };
    await expect(download(options)).rejects.toThrow(`${host}/f ${message}`);
    expect(await readdir(directory)).toEqual([]);
  });

  test("says what the server answered", async () => {
    const host = await serveFiles({});
    const path = join(await temporaryDirectory(), "f");
    await expect(download({ address: `${host}/f`, md5, bytes: 1000, path })).rejects.toThrow(
      `${host}/f answered 404 Not Found`,
    );
  });

  test("stops when the signal says so", async () => {
    const host = await serveFiles({ "/f": content });
    const path = join(await temporaryDirectory(), "f");
    const signal = AbortSignal.abort(new Error("Ctrl-C"));
    await expect(download({ address: `${host}/f`, md5, bytes: 1000, path, signal })).rejects.toThrow("Ctrl-C");
  });

  test("leaves no temporary file where the target can't be replaced", async () => {
    const host = await serveFiles({ "/f": content });
    const directory = await temporaryDirectory();
    await writeFile(join(directory, "blocked"), "a file, not a directory");
    const path = join(directory, "blocked", "f");
    await expect(download({ address: `${host}/f`, md5, bytes: 1000, path })).rejects.toThrow(/EEXIST|ENOTDIR/);
    expect(await readdir(directory)).toEqual(["blocked"]);
  });
});
