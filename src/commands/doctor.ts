// `residual doctor`: which engines, libraries and data this machine has, and how to get the rest. It is handed probes, so it knows
// neither engines nor files; the text of a probe's error is the reason shown, so that text must hold the remedy.
import type { Machine } from "./machine.ts";

/** Asks for one thing: gives where it is or which version; throws an error whose message says what is wrong and the remedy. */
export interface Probe {
  readonly name: string;
  readonly find: () => string | Promise<string>;
}

/** What doctor is handed. Versions are as `process.versions.node` has them. */
export interface DoctorProbes {
  readonly version: string;
  readonly nodeVersion: string;
  readonly platform: string;
  readonly machine: Machine;
  readonly cacheFolder: string;
  /** Each gives the version of what it drives, such as oneDNN's. */
  readonly engines: readonly Probe[];
  /** Each gives the place the data would be read from. */
  readonly dataSets: readonly Probe[];
  /** Other things that a command needs, such as a font for the pictures of a report; each gives what was found. */
  readonly others: readonly Probe[];
}

/** The document of `residual doctor --json`. `reason` is null where the thing is available. */
export interface DoctorReport {
  readonly version: string;
  readonly node: { readonly version: string; readonly required: string; readonly supported: boolean };
  readonly platform: string;
  readonly machine: Machine;
  readonly cacheFolder: string;
  readonly engines: readonly {
    readonly name: string;
    readonly available: boolean;
    readonly version: string | null;
    readonly reason: string | null;
  }[];
  readonly dataSets: readonly DoctorFinding[];
  readonly others: readonly DoctorFinding[];
}

/** One thing that is there (`found` says where or what) or not (`reason` says why and how to get it). */
export interface DoctorFinding {
  readonly name: string;
  readonly available: boolean;
  readonly found: string | null;
  readonly reason: string | null;
}

/** The oldest Node that runs Residual, as in package.json's `engines`. */
export const requiredNode = "20.9";

/** Runs every probe, one after the other. Never throws for a thing that is missing: that is what the report says. */
export async function doctor(probes: DoctorProbes): Promise<DoctorReport> {
  const engines = await examine(probes.engines);
  return {
    version: probes.version,
    node: {
      version: probes.nodeVersion,
      required: `>=${requiredNode}`,
      supported: isAtLeast(probes.nodeVersion, requiredNode),
    },
    platform: probes.platform,
    machine: probes.machine,
    cacheFolder: probes.cacheFolder,
    engines: engines.map(({ name, available, found, reason }) => ({ name, available, version: found, reason })),
    dataSets: await examine(probes.dataSets),
    others: await examine(probes.others),
  };
}

/** The report for people, one line a fact: `+` there, `-` not there. */
export function formatDoctorReport(report: DoctorReport): string {
  const { machine, node } = report;
  const line = (name: string, available: boolean, text: string | null): string =>
    `  ${available ? "+" : "-"} ${name}${text === null || text === "" ? "" : `: ${text}`}`;
  const findings = (list: readonly DoctorFinding[]): readonly string[] =>
    list.map(({ name, available, found, reason }) => line(name, available, available ? found : reason));
  return [
    `residual ${report.version} on ${report.platform}`,
    line(
      "Node",
      node.supported,
      node.supported ? node.version : `${node.version} is too old: ${node.required} is needed`,
    ),
    `    ${machine.cpu}, ${machine.cores} ${machine.cores === 1 ? "core" : "cores"} for this process`,
    `    memory ${gibibytes(machine.memoryBytes)}, ${gibibytes(machine.availableMemoryBytes)} of it available`,
    `    cache folder ${report.cacheFolder}`,
    "engines",
    ...report.engines.map((engine) =>
      line(engine.name, engine.available, engine.available ? engine.version : engine.reason),
    ),
    "data sets",
    ...findings(report.dataSets),
    ...(report.others.length > 0 ? ["also", ...findings(report.others)] : []),
  ].join("\n");
}

async function examine(probes: readonly Probe[]): Promise<DoctorFinding[]> {
  const findings: DoctorFinding[] = [];
  for (const { name, find } of probes) {
    try {
      findings.push({ name, available: true, found: await find(), reason: null });
    } catch (error) {
      findings.push({
        name,
        available: false,
        found: null,
        reason: error instanceof Error ? error.message : String(error),
      });
    }
  }
  return findings;
}

/** Whether the dotted version is the least one or a later one. */
function isAtLeast(version: string, least: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [leastMajor = 0, leastMinor = 0] = least.split(".").map(Number);
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}

const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
