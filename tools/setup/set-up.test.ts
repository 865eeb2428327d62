import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Need, Places } from "./needs.ts";
import type { CommandResult, RunCommand } from "./run-command.ts";
import { type SetUpContext, setUp } from "./set-up.ts";

// A machine made up of a temporary folder and programs that do to it what apt and dpkg would.
let folder: string;
let commands: string[];
let installed: Set<string>;
let listsFetched: boolean;
/** Programs that fail, by the beginning of their command line. */
let failing: readonly string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "residual-set-up-"));
  commands = [];
  installed = new Set();
  listsFetched = false;
  failing = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

const ok = (output = ""): CommandResult => ({ status: 0, output, errors: "" });
const versions: Readonly<Record<string, string>> = { thing: "2.6.3-1", "thing-data": "1.0-1", "old-thing": "2.5.0-1" };

const run: RunCommand = async (command, inFolder) => {
  const words = command.filter((word, i) => word !== "-o" && command[i - 1] !== "-o" && !/^(env|-q|.*=.*)$/.test(word));
  const line = words.join(" ");
  commands.push(line);
  if (failing.some((beginning) => line.startsWith(beginning)))
    return { status: 100, output: "", errors: "E: it broke" };
  const [program, verb, ...names] = words[0] === "sudo" ? words.slice(2) : words;
  if (program === "apt-cache") {
    const known = names.filter((name) => versions[name] !== undefined);
    return ok(
      known.map((n) => `${n}:\n  Installed: (none)\n  Candidate: ${listsFetched ? versions[n] : "(none)"}\n`).join(""),
    );
  }
  if (program === "apt-get" && verb === "update") listsFetched = true;
  if (program === "apt-get" && verb === "install") for (const name of names) installed.add(name);
  if (program === "apt-get" && verb === "download") writeFileSync(`${inFolder}/${names[0]}_1_all.deb`, "deb");
  if (program === "dpkg-deb" && verb === "-x") {
    mkdirSync(`${names[1]}/usr`, { recursive: true });
    writeFileSync(`${names[1]}/usr/file`, "whole");
  }
  return ok();
};

const need: Need = {
  name: "the thing",
  without: "nothing works",
  required: true,
  find: ({ cacheFolder, system }) => {
    if (system && installed.has("thing")) return "the system's";
    if (existsSync(`${cacheFolder}/debian/thing/usr/file`)) return "the cache folder's";
    throw new Error("not there");
  },
  systemPackages: [{ name: "thing", accepts: /^2\.6/ }],
  extractedPackages: [{ name: "thing-data" }, { name: "thing", accepts: /^2\.6/ }],
  remedy: "build it",
};

const context = (changes: Partial<SetUpContext> = {}, places: Partial<Places> = {}): SetUpContext => ({
  needs: [need],
  userId: 1000,
  run,
  say: () => {},
  ...changes,
  places: {
    platform: "linux",
    architecture: "x64",
    homeFolder: folder,
    cacheFolder: `${folder}/cache`,
    system: true,
    oneDnnPath: null,
    fontConfiguration: null,
    ...places,
  },
});

const everythingUnder = (path: string): string[] => readdirSync(path, { recursive: true }).map(String).sort();
const reasons = async (setting: SetUpContext): Promise<string[]> =>
  (await setUp(setting)).missing.map(({ reason }) => reason);

describe("setUp(context)", () => {
  it("runs no program when everything is there", async () => {
    installed.add("thing");
    expect(await setUp(context())).toEqual({ found: ["the thing (the system's)"], missing: [] });
    expect(commands).toEqual([]);
  });

  it("installs as root, and fetches the package lists only because apt knew no version", async () => {
    expect((await setUp(context({ userId: 0 }))).missing).toEqual([]);
    expect(commands).toEqual([
      "apt-get --version",
      "apt-cache policy thing",
      "apt-get update",
      "apt-cache policy thing",
      "apt-get install -y --no-install-recommends --no-remove thing",
    ]);
  });

  it("installs as root without fetching lists that are there", async () => {
    listsFetched = true;
    await setUp(context({ userId: 0 }));
    expect(commands).not.toContain("apt-get update");
  });

  it("installs through sudo when it asks for no password", async () => {
    listsFetched = true;
    expect((await setUp(context())).found).toEqual(["the thing (the system's)"]);
    expect(commands).toContain("sudo -n apt-get install -y --no-install-recommends --no-remove thing");
  });

  it("extracts into the cache folder without privileges, and leaves nothing but what is whole", async () => {
    failing = ["sudo"];
    expect((await setUp(context())).found).toEqual(["the thing (the cache folder's)"]);
    expect(everythingUnder(`${folder}/cache`)).toEqual([
      "debian",
      "debian/thing",
      "debian/thing-data",
      "debian/thing-data/usr",
      "debian/thing-data/usr/file",
      "debian/thing/usr",
      "debian/thing/usr/file",
      "packages",
      "packages/thing-data_1_all.deb",
      "packages/thing_1_all.deb",
    ]);
  });

  it("neither looks at nor changes the system when told not to, even as root", async () => {
    installed.add("thing");
    const result = await setUp(context({ userId: 0 }, { system: false }));
    expect(result.found).toEqual(["the thing (the cache folder's)"]);
    expect(commands.filter((line) => line.includes("install"))).toEqual([]);
  });

  it("extracts again from the kept package, without the network", async () => {
    failing = ["sudo"];
    await setUp(context());
    rmSync(`${folder}/cache/debian/thing`, { recursive: true });
    commands = [];
    expect((await setUp(context())).missing).toEqual([]);
    expect(commands.filter((line) => line.startsWith("apt-get") && line !== "apt-get --version")).toEqual([]);
  });

  it("keeps what arrived before a failure, leaves nothing half-written, and goes on from there", async () => {
    failing = ["sudo", "dpkg-deb -x"];
    expect(await reasons(context())).toEqual([expect.stringMatching(/^dpkg-deb -x .*failed:\nE: it broke$/)]);
    expect(everythingUnder(`${folder}/cache`)).toEqual([
      "debian",
      "packages",
      "packages/thing-data_1_all.deb",
      "packages/thing_1_all.deb",
    ]);
    failing = ["sudo", "apt-get download"];
    expect(await reasons(context())).toEqual([]);
  });

  it("throws away a kept package that isn't one, so that the next set-up fetches it again", async () => {
    failing = ["sudo", "dpkg-deb"];
    await setUp(context());
    expect(everythingUnder(`${folder}/cache`)).toEqual(["debian", "packages", "packages/thing_1_all.deb"]);
  });

  it("removes what a killed set-up has left, and lets a running one be", async () => {
    failing = ["sudo"];
    const gone = 2 ** 22 + 1; // above Linux's largest process number
    mkdirSync(`${folder}/cache/.set-up-${gone}`, { recursive: true });
    mkdirSync(`${folder}/cache/.set-up-${process.ppid}`);
    await setUp(context());
    expect(readdirSync(`${folder}/cache`).sort()).toEqual([`.set-up-${process.ppid}`, "debian", "packages"]);
  });

  it("says why: a version that doesn't fit, a package that no source has, a failed installation", async () => {
    const other = (name: string): Need => ({ ...need, systemPackages: [{ name, accepts: /^2\.6/ }] });
    const root = { userId: 0 };
    const hint = "\nto get it into your cache folder instead, give the option --no-system";
    expect(await reasons(context({ ...root, needs: [other("old-thing")] }))).toEqual([
      `this system's old-thing is 2.5.0-1, which doesn't fit${hint}`,
    ]);
    expect(await reasons(context({ ...root, needs: [other("no-thing")] }))).toEqual([
      `this system's package sources have no no-thing${hint}`,
    ]);
    failing = ["apt-get install"];
    expect(await reasons(context(root))).toEqual([`apt-get install thing failed:\nE: it broke${hint}`]);
  });

  it("says what apt complained of when there is no network", async () => {
    failing = ["apt-get update"];
    expect((await reasons(context({ userId: 0 })))[0]).toContain(
      "this system's package sources have no thing; apt-get update said:\nE: it broke",
    );
  });

  it("runs nothing where there is no apt", async () => {
    failing = ["apt-get"];
    expect(await reasons(context())).toEqual(["not there"]);
    expect(commands).toEqual(["apt-get --version"]);
    commands = [];
    expect(await reasons(context({}, { platform: "darwin" }))).toEqual(["not there"]);
    expect(commands).toEqual([]);
  });

  it("doesn't install another oneDNN beside the path that the person gave", async () => {
    const oneDnn: Need = { ...need, name: "oneDNN" };
    expect(await reasons(context({ needs: [oneDnn], userId: 0 }, { oneDnnPath: "/mine.so" }))).toEqual(["not there"]);
    expect(commands).toEqual([]);
  });
});
