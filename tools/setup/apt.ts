// Debian's apt, asked politely: which version a package would have, and installing packages into the system.
import type { DebianPackage } from "./needs.ts";
import { type CommandResult, lastLines, type RunCommand } from "./run-command.ts";

/** Options for every apt-get that uses the network: an unreachable mirror is given up within a minute, not after ten. */
export const networkOptions: readonly string[] = [
  "-o",
  "Acquire::Retries=2",
  "-o",
  "Acquire::http::Timeout=20",
  "-o",
  "Acquire::https::Timeout=20",
];

/** The version that apt would install of each package, null where it has none. `options` may name another state folder. */
export async function candidateVersions(
  run: RunCommand,
  names: readonly string[],
  options: readonly string[] = [],
): Promise<ReadonlyMap<string, string | null>> {
  const { output } = await run(["apt-cache", ...options, "policy", ...names]);
  const versions = new Map<string, string | null>(names.map((name) => [name, null]));
  let current = "";
  for (const line of output.split("\n")) {
    current = /^(\S+?)(?::\w+)?:$/.exec(line)?.[1] ?? current;
    const candidate = /^ {2}Candidate: (\S+)$/.exec(line)?.[1];
    if (candidate !== undefined && candidate !== "(none)") versions.set(current, candidate);
  }
  return versions;
}

/** Why apt's version of one of the packages will not do, or null when all will. */
export function refusalOfCandidates(
  wanted: readonly DebianPackage[],
  versions: ReadonlyMap<string, string | null>,
): string | null {
  for (const { name, accepts } of wanted) {
    const version = versions.get(name) ?? null;
    if (version === null) return `this system's package sources have no ${name}`;
    if (accepts !== undefined && !accepts.test(version))
      return `this system's ${name} is ${version}, which doesn't fit`;
  }
  return null;
}

/** A way to get packages; `get` throws an error that says what failed, `close` removes what was for the time of the set-up only. */
export interface PackageSource {
  readonly get: (wanted: readonly DebianPackage[]) => Promise<void>;
  readonly close: () => void;
}

/**
 * Installs packages into the system. `prefix` is what makes a command privileged: nothing for root, `sudo -n` otherwise. Package
 * lists are fetched at most once, and only when apt knows no version that fits or when installing by the present lists fails;
 * nothing is removed from the system.
 */
export function systemInstaller(
  run: RunCommand,
  prefix: readonly string[],
  say: (line: string) => void,
): PackageSource {
  // sudo drops the environment of the caller, so it is set behind it.
  const aptGet = [...prefix, "env", "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", ...networkOptions];
  const install = (names: readonly string[]): Promise<CommandResult> => {
    say(`installing ${names.join(", ")}`);
    const options = ["-y", "--no-install-recommends", "--no-remove", "-o", "DPkg::Lock::Timeout=60"];
    return run([...aptGet, "install", ...options, ...names]);
  };
  let update: CommandResult | null = null;
  return {
    async get(wanted) {
      const names = wanted.map(({ name }) => name);
      let refusal = refusalOfCandidates(wanted, await candidateVersions(run, names));
      let result = refusal === null ? await install(names) : null;
      if (result?.status === 0) return;
      if (update === null) {
        say("fetching the package lists");
        update = await run([...aptGet, "update"]);
        refusal = refusalOfCandidates(wanted, await candidateVersions(run, names));
        if (refusal === null) result = await install(names);
      }
      if (refusal !== null) throw new Error(withUpdateFailure(refusal, update));
      if (result !== null && result.status !== 0) {
        throw new Error(`apt-get install ${names.join(" ")} failed:\n${lastLines(result)}`);
      }
    },
    close() {},
  };
}

/**
 * A refusal, with what `apt-get update` complained of: missing lists may be why. Its status says little: it is 0 when every source
 * was unreachable, and not 0 when one was that isn't needed.
 */
export const withUpdateFailure = (refusal: string, update: CommandResult): string =>
  /^(?:W|E|Err):?/m.test(`${update.output}\n${update.errors}`)
    ? `${refusal}; apt-get update said:\n${lastLines(update)}`
    : refusal;
