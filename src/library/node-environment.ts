// What commands are handed in Node: the one place, for the command line and the library, that names engines, files, clocks and
// the environment's variables.
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism, cpus, freemem, homedir, hostname, totalmem } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { recipes } from "../../recipes/index.ts";
import { cacheFolder, extractedPackageFolder } from "../base/cache-folder.ts";
import type { CommandEnvironment, ConvolutionAlgorithm, EngineName, OpenedEngine } from "../commands/environment.ts";
import { type Fonts, findFonts } from "../commands/fonts.ts";
import { type Machine, measureMachine } from "../commands/machine.ts";
import { npmRegistry } from "../commands/pull/npm-package.ts";
import { type PullEnvironment, pull } from "../commands/pull.ts";
import { type Host, processIdentity } from "../commands/run-directory/host.ts";
import { fashionMnist } from "../data/node/fashion-mnist.ts";
import { openDataSet } from "../data/node/open-data-set.ts";
import type { Choices } from "../engine/contract.ts";
import { createOneDnnEngine } from "../engine/onednn/engine.ts";
import type { LibraryPlaces } from "../engine/onednn/library.ts";
import { createReferenceEngine } from "../engine/reference/engine.ts";
import { openMeasuringEngine } from "./measuring-engine.ts";

/** Version of residual itself, from its package.json. */
export const readVersion = (): string => {
  const text: unknown = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"));
  return typeof text === "object" && text !== null && "version" in text ? String(text.version) : "unknown";
};

/** The cache folder of this person on this machine. */
export const nodeCacheFolder = (): string => cacheFolder(process.platform, homedir(), process.env);

/** Where oneDNN may lie on this machine; RESIDUAL_ONEDNN wins. */
export const libraryPlaces = (): LibraryPlaces => ({
  overridePath: process.env.RESIDUAL_ONEDNN || null,
  cacheFolder: nodeCacheFolder(),
  system: true,
  platform: process.platform,
  architecture: process.arch,
});

const readText = (path: string): string | null => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
};

export const nodeMachine = (): Machine =>
  measureMachine({
    readText,
    parallelism: availableParallelism(),
    totalBytes: totalmem(),
    freeBytes: freemem(),
    cpu: cpus()[0]?.model ?? "unknown processor",
  });

const engines: {
  readonly [N in EngineName]: (
    threads: number,
    convolution: ConvolutionAlgorithm,
    measuring: { readonly known: Choices; readonly onEvent: CommandEnvironment["onEvent"] } | null,
  ) => Promise<OpenedEngine>;
} = {
  onednn: async (threads, convolution, measuring) => {
    const driver = { places: libraryPlaces(), threads, convolution };
    if (measuring !== null) return openMeasuringEngine({ ...driver, ...measuring, cacheFolder: nodeCacheFolder() });
    const engine = await createOneDnnEngine(driver);
    return { engine, version: engine.library.version };
  },
  reference: async () => ({ engine: await createReferenceEngine(), version: null }),
};

const packagedFashionMnist = "/usr/share/datasets/fashion-mnist";

/** Folders that Debian's package of Fashion-MNIST may lie in: the system's, and that in which set-up extracts it. */
const fashionMnistFolders = (): readonly string[] => {
  const extracted = extractedPackageFolder(nodeCacheFolder(), "dataset-fashion-mnist");
  return [packagedFashionMnist, extracted + packagedFashionMnist].filter((folder) => existsSync(folder));
};

/** Data sets by name or path. */
const openData: CommandEnvironment["openDataSet"] = (nameOrPath, options) => {
  const cache = nodeCacheFolder();
  const [directory] = fashionMnistFolders();
  if (nameOrPath === "fashion-mnist") return fashionMnist({ ...options, cache, ...(directory && { directory }) });
  return openDataSet(nameOrPath, { ...options, cache });
};

/** Where Fashion-MNIST would be read from, without a download. Throws MissingError, FormatError. */
export const findFashionMnist = async (): Promise<string> => {
  const downloaded = join(nodeCacheFolder(), "fashion-mnist");
  const [directory = downloaded] = fashionMnistFolders();
  return (await fashionMnist({ directory })).origin;
};

const nodeHost = (): Host => ({
  cwd: process.cwd(),
  pid: process.pid,
  hostname: hostname(),
  now: Date.now,
  processIdentity: (pid) => processIdentity(pid, process.kill.bind(process)),
});

/** The fonts that pictures of a report are written with; null where there are none. */
export const nodeFonts = (): Fonts | null =>
  findFonts({
    cacheFolder: nodeCacheFolder(),
    homeFolder: homedir(),
    system: true,
    platform: process.platform,
    ownConfiguration: process.env.FONTCONFIG_FILE || process.env.FONTCONFIG_PATH || null,
  });

/** Tells fontconfig of a font that only set-up knows of. To be called on the main thread, before the first picture is drawn. */
export const useFonts = (): void => {
  const configFile = nodeFonts()?.configFile ?? null;
  if (configFile !== null) process.env.FONTCONFIG_FILE = configFile;
};

/** The environment of one command. `command` is what run.json remembers of it. */
export const nodeEnvironment = (
  given: Pick<CommandEnvironment, "command" | "signal" | "onEvent">,
): CommandEnvironment => ({
  ...given,
  host: nodeHost(),
  cacheFolder: nodeCacheFolder(),
  monotonicMs: () => performance.now(),
  measureMachine: nodeMachine,
  versions: { residual: readVersion(), node: process.versions.node },
  recipes,
  openEngine: (name, threads, convolution, choices) =>
    engines[name](threads, convolution, choices === undefined ? null : { known: choices, onEvent: given.onEvent }),
  openDataSet: openData,
  pull: (name) => pull(name, nodePullEnvironment(given)),
});

/** What pulling is handed: HF_ENDPOINT, as Hugging Face's own programs have it, names a mirror of the hub. */
export const nodePullEnvironment = (given: Pick<PullEnvironment, "signal" | "onEvent">): PullEnvironment => ({
  ...given,
  fetch,
  cacheFolder: nodeCacheFolder(),
  npmRegistry,
  hub: (process.env.HF_ENDPOINT || "https://huggingface.co").replace(/\/+$/, ""),
});
