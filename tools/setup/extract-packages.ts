// Brings Debian packages into the person's cache folder, without any privilege: apt-get downloads them (its signatures and
// checksums hold as ever) with state and cache folders of its own, dpkg-deb unpacks them.
//
//   <cache>/packages/<name>_<version>_<architecture>.deb    kept, so that nothing is downloaded twice
//   <cache>/debian/<name>/usr/…                             extracted
//   <cache>/.set-up-<pid>/                                  everything half-done; renamed out of here when whole, removed at the end
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { extractedPackageFolder } from "../../src/base/cache-folder.ts";
import {
  candidateVersions,
  networkOptions,
  type PackageSource,
  refusalOfCandidates,
  withUpdateFailure,
} from "./apt.ts";
import type { DebianPackage } from "./needs.ts";
import { type CommandResult, lastLines, type RunCommand } from "./run-command.ts";

/**
 * Extracts those of the packages that aren't yet. The package lists are fetched at most once, and only when something has to be
 * downloaded; what is finished before a failure is kept.
 */
export function packageExtractor(run: RunCommand, cache: string, say: (line: string) => void): PackageSource {
  const kept = `${cache}/packages`;
  const work = `${cache}/.set-up-${process.pid}`;
  for (const folder of [kept, `${cache}/debian`]) mkdirSync(folder, { recursive: true });
  removeAbandoned(cache);
  for (const folder of ["state/lists/partial", "cache/archives/partial", "downloads"]) {
    mkdirSync(`${work}/${folder}`, { recursive: true });
  }
  const options = ownStateOptions(work);
  let update: CommandResult | null = null;

  /** Downloads one package after the other, so that what has arrived is kept when the next one fails. */
  async function download(wanted: readonly DebianPackage[]): Promise<void> {
    if (update === null) {
      say("fetching the package lists (without privileges, for this download only)");
      update = await run(["apt-get", "-q", ...options, ...networkOptions, "update"]);
    }
    const names = wanted.map(({ name }) => name);
    const refusal = refusalOfCandidates(wanted, await candidateVersions(run, names, options));
    if (refusal !== null) throw new Error(withUpdateFailure(refusal, update));
    for (const name of names) {
      say(`downloading ${name}`);
      const downloads = `${work}/downloads`;
      const result = await run(["apt-get", "-q", ...options, ...networkOptions, "download", name], downloads);
      if (result.status !== 0) throw new Error(`apt-get download ${name} failed:\n${lastLines(result)}`);
      const file = keptFile(downloads, name);
      if (file === null) throw new Error(`apt-get download ${name} left no file`);
      renameSync(`${downloads}/${file}`, `${kept}/${file}`);
    }
  }

  return {
    async get(wanted) {
      const missing = wanted.filter(({ name }) => !existsSync(extractedPackageFolder(cache, name)));
      const toDownload = missing.filter(({ name }) => keptFile(kept, name) === null);
      if (toDownload.length > 0) await download(toDownload);
      for (const { name } of missing) {
        const file = keptFile(kept, name);
        if (file === null) throw new Error(`${kept} has lost its file of ${name}`);
        await extract(run, `${kept}/${file}`, `${work}/${name}`, extractedPackageFolder(cache, name), say);
      }
    },
    close() {
      rmSync(work, { recursive: true, force: true });
    },
  };
}

/** Unpacks beside the target, then renames: the target is whole or absent. A file that can't be unpacked is not kept. */
async function extract(
  run: RunCommand,
  file: string,
  temporary: string,
  target: string,
  say: (line: string) => void,
): Promise<void> {
  say(`extracting ${file}`);
  const result = await run(["dpkg-deb", "-x", file, temporary]);
  if (result.status !== 0) {
    if ((await run(["dpkg-deb", "--contents", file])).status !== 0) rmSync(file, { force: true });
    throw new Error(`dpkg-deb -x ${file} failed:\n${lastLines(result)}`);
  }
  try {
    renameSync(temporary, target);
  } catch (error) {
    if (!existsSync(target)) throw error; // else another set-up that runs beside this one was first
  }
}

/**
 * apt with folders of its own: sources, keyrings and the list of installed packages stay the system's. The sandbox user of a
 * privileged apt could not write into a person's cache folder.
 */
const ownStateOptions = (work: string): readonly string[] => [
  ...[
    "-o",
    `Dir::State=${work}/state`,
    "-o",
    "Dir::State::status=/var/lib/dpkg/status",
    "-o",
    `Dir::Cache=${work}/cache`,
  ],
  ...["-o", "Acquire::Languages=none", "-o", "APT::Sandbox::User=root"],
];

/** The kept file of a package, null when there is none. */
const keptFile = (folder: string, name: string): string | null =>
  readdirSync(folder).find((file) => file.startsWith(`${name}_`) && file.endsWith(".deb")) ?? null;

/** Removes what set-ups that were killed have left. */
function removeAbandoned(cache: string): void {
  for (const name of readdirSync(cache)) {
    const owner = /^\.set-up-(\d+)$/.exec(name)?.[1];
    if (owner !== undefined && !isRunning(Number(owner))) rmSync(`${cache}/${name}`, { recursive: true, force: true });
  }
}

function isRunning(processId: number): boolean {
  if (processId === process.pid) return false;
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
