// What Residual needs beyond npm's packages, as data: how each thing is found, and which Debian packages bring it.
import { existsSync, linkSync, mkdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import { extractedPackageFolder, fashionMnistFolder, fontConfigFile } from "../../src/base/cache-folder.ts";
import { findFonts, fontConfiguration } from "../../src/commands/fonts.ts";
import { oneDnnPackages, openOneDnn } from "../../src/engine/onednn/library.ts";

/** Where things may lie on this machine; read from the process by main.ts alone. */
export interface Places {
  readonly platform: string;
  readonly architecture: string;
  readonly homeFolder: string;
  readonly cacheFolder: string;
  /** False: system places are neither looked at nor changed. */
  readonly system: boolean;
  /** RESIDUAL_ONEDNN. */
  readonly oneDnnPath: string | null;
  /** FONTCONFIG_FILE or FONTCONFIG_PATH. */
  readonly fontConfiguration: string | null;
}

/** One thing that is needed. */
export interface Need {
  readonly name: string;
  /** What doesn't work without it, for the warning. */
  readonly without: string;
  /** False: its lack is a warning even where set-up is required. */
  readonly required: boolean;
  /** What was found, in words; throws an error that says why it can't be used. */
  readonly find: (places: Places) => string;
  /** Debian packages to install, and those to extract where nothing can be installed (with what they depend on). */
  readonly systemPackages: readonly DebianPackage[];
  readonly extractedPackages: readonly DebianPackage[];
  /** What is left to do after extracting. */
  readonly finish?: (places: Places) => void;
  /** How a person gets it where set-up can't. */
  readonly remedy: string;
}

/** A Debian package; `accepts` says which upstream versions will do, where not all will. */
export interface DebianPackage {
  readonly name: string;
  readonly accepts?: RegExp;
}

const accepted: Readonly<Record<string, RegExp>> = { libdnnl2: /^2\.[67]\./ };
const packages = (...names: readonly string[]): readonly DebianPackage[] =>
  names.map((name) => (accepted[name] === undefined ? { name } : { name, accepts: accepted[name] }));

const fashionMnistFiles = [
  "train-images-idx3-ubyte.gz",
  "train-labels-idx1-ubyte.gz",
  "t10k-images-idx3-ubyte.gz",
  "t10k-labels-idx1-ubyte.gz",
] as const;

/** Where Debian's package puts the data set, below the root of the file system or of an extracted package. */
const fashionMnistPackagePath = "/usr/share/datasets/fashion-mnist";

export const needs: readonly Need[] = [
  {
    name: "oneDNN",
    without: "training stops, and predicting is slow (the CPU engine can't run)",
    required: true,
    find: (places) => {
      const found = openOneDnn({ ...places, overridePath: places.oneDnnPath });
      return `${found.version} at ${found.path}`;
    },
    systemPackages: packages("libdnnl2"),
    extractedPackages: packages(...oneDnnPackages.map(({ name }) => name)),
    remedy:
      "oneDNN 2.6 or 2.7: Debian 12 has it (`apt-get install libdnnl2`); elsewhere build oneDNN 2.7 with OpenMP from " +
      "https://github.com/uxlfoundation/oneDNN/releases/tag/v2.7.5 and give RESIDUAL_ONEDNN the full path of its libdnnl.so.2",
  },
  {
    name: "Fashion-MNIST",
    without: "there is no data to train on",
    required: true,
    find: findFashionMnist,
    systemPackages: packages("dataset-fashion-mnist"),
    extractedPackages: packages("dataset-fashion-mnist"),
    finish: linkFashionMnist,
    remedy:
      `Fashion-MNIST: Debian has it (\`apt-get install dataset-fashion-mnist\`); elsewhere put ${fashionMnistFiles.join(", ")} from ` +
      "https://github.com/zalandoresearch/fashion-mnist (data/fashion) into the folder fashion-mnist of the cache folder",
  },
  {
    name: "a font",
    without: "the words in a report's PNG pictures are empty boxes",
    required: false,
    find: (places) => {
      const fonts = findFonts({ ...places, ownConfiguration: places.fontConfiguration });
      if (fonts === null) throw new Error("no font and fontconfig file were found");
      return fonts.found;
    },
    systemPackages: packages("fontconfig-config", "fonts-dejavu-core"),
    extractedPackages: packages("fonts-dejavu-core"),
    finish: writeFontConfiguration,
    remedy: "a font: `apt-get install fontconfig-config fonts-dejavu-core`, or any font and a fontconfig file",
  },
];

/** The folder with the four files of Fashion-MNIST; throws when there is none. */
function findFashionMnist({ system, cacheFolder }: Places): string {
  const folders = [...(system ? [fashionMnistPackagePath] : []), fashionMnistFolder(cacheFolder)];
  const holdsAll = (folder: string): boolean =>
    fashionMnistFiles.every((file) => (statSync(`${folder}/${file}`, { throwIfNoEntry: false })?.size ?? 0) > 0);
  const found = folders.find(holdsAll);
  if (found === undefined) throw new Error(`no folder holds its four files (looked in ${folders.join(", ")})`);
  return found;
}

/** Puts the extracted files where the data set is looked for: as hard links, which are whole at once and take no room. */
function linkFashionMnist({ cacheFolder }: Places): void {
  const from = extractedPackageFolder(cacheFolder, "dataset-fashion-mnist") + fashionMnistPackagePath;
  const to = fashionMnistFolder(cacheFolder);
  mkdirSync(to, { recursive: true });
  for (const file of fashionMnistFiles) {
    if (!existsSync(`${to}/${file}`)) linkSync(`${from}/${file}`, `${to}/${file}`);
  }
}

/** Tells fontconfig of the extracted font; written whole or not at all. */
function writeFontConfiguration({ cacheFolder }: Places): void {
  const file = fontConfigFile(cacheFolder);
  if (existsSync(file)) return;
  mkdirSync(`${cacheFolder}/debian`, { recursive: true });
  const fontFolder = `${extractedPackageFolder(cacheFolder, "fonts-dejavu-core")}/usr/share/fonts`;
  writeFileSync(`${file}.${process.pid}`, fontConfiguration(fontFolder, `${cacheFolder}/fontconfig`));
  renameSync(`${file}.${process.pid}`, file);
}
