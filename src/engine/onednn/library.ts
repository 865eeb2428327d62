// Finds and opens oneDNN's shared library, and refuses any version whose structs the engine doesn't know.
// What is handed in says where to look; nothing is read from the environment here. The engine calls it inside its worker thread
// (exactly one thread drives oneDNN and its OpenMP team); set-up and doctor call it only to ask whether it is there.
import koffi, { type LibraryHandle } from "koffi";
import { extractedPackageFolder } from "../../base/cache-folder.ts";
import { MissingError } from "../../base/errors.ts";

/** Where to look for oneDNN. Plain data: it crosses to the worker thread. */
export interface LibraryPlaces {
  /** A path given by the person (the command line reads RESIDUAL_ONEDNN): then nothing else is tried. Null: none given. */
  readonly overridePath: string | null;
  /** Residual's cache folder, in which set-up leaves Debian's packages extracted. Null: not tried. */
  readonly cacheFolder: string | null;
  /** False leaves out the system's own library, so that only the cache folder counts. */
  readonly system: boolean;
  /** As in `process.platform` and `process.arch`. */
  readonly platform: string;
  readonly architecture: string;
}

/** A library to try: `preload` is opened first, in order, because the loader would not find it by its name. */
export interface LibraryCandidate {
  readonly path: string;
  readonly preload: readonly string[];
}

/** The open library. `openMp` is the OpenMP run-time that it uses: `omp_set_num_threads` is to be called through it. */
export interface OneDnnLibrary {
  readonly library: LibraryHandle;
  readonly openMp: LibraryHandle;
  readonly version: string;
  readonly path: string;
}

/** What `dnnl_version` says: the version, and how the library runs its loops on the CPU. */
export interface LibraryVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  readonly cpuRuntime: number;
}

const openMpFile = "libgomp.so.1";

/** Debian's packages of oneDNN and of what it needs beyond the C and C++ libraries, in the order in which they are opened. */
export const oneDnnPackages = [
  { name: "libgomp1", file: openMpFile },
  { name: "ocl-icd-libopencl1", file: "libOpenCL.so.1" },
  { name: "libdnnl2", file: "libdnnl.so.2" },
] as const;

/** Debian's name for an architecture in library folders, by Node's name for it. */
const multiarchNames: Readonly<Record<string, string>> = { x64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" };

/** dnnl_cpu_runtime_t: 1 sequential, 2 OpenMP, 4 TBB, 8 thread pool. */
const OPEN_MP_RUNTIME = 2;

/** Every library worth trying, best first: the person's own, or else the system's and then the cache folder's. */
export function libraryCandidates(places: LibraryPlaces): readonly LibraryCandidate[] {
  if (places.overridePath !== null) return [{ path: places.overridePath, preload: [] }];
  if (places.platform !== "linux") return [];
  const candidates: LibraryCandidate[] = [];
  if (places.system) candidates.push({ path: "libdnnl.so.2", preload: [] });
  const multiarch = multiarchNames[places.architecture];
  const { cacheFolder } = places;
  if (cacheFolder !== null && multiarch !== undefined) {
    const paths = oneDnnPackages.map(
      ({ name, file }) => `${extractedPackageFolder(cacheFolder, name)}/usr/lib/${multiarch}/${file}`,
    );
    candidates.push({ path: paths[paths.length - 1]!, preload: paths.slice(0, -1) });
  }
  return candidates;
}

/** Why this version can't be driven, or null when it can. 2.6 and 2.7 share numbers and struct sizes; others don't. */
export function refusalOf(version: LibraryVersion): string | null {
  const { major, minor, patch, cpuRuntime } = version;
  if (major !== 2 || (minor !== 6 && minor !== 7)) {
    return `this is oneDNN ${major}.${minor}.${patch}, whose structs differ; 2.6 or 2.7 is needed`;
  }
  if (cpuRuntime !== OPEN_MP_RUNTIME) {
    return `this oneDNN ${major}.${minor}.${patch} is built for threading model ${cpuRuntime}; one built with OpenMP (2) is needed`;
  }
  return null;
}

/** The text of the error when nothing fits: what was tried, why each failed, and how to get a library that does. */
export function missingMessage(places: LibraryPlaces, attempts: readonly string[]): string {
  const tried = attempts.length > 0 ? `tried ${attempts.join("; ")}` : `it is not looked for on ${places.platform}`;
  const remedy =
    places.overridePath !== null
      ? "give RESIDUAL_ONEDNN the full path of such a libdnnl.so.2, or unset it to use the system's"
      : "run `npm run setup`, or on Debian 12 `apt-get install libdnnl2`, or build oneDNN 2.7 with OpenMP and give RESIDUAL_ONEDNN the full path of its library";
  return `oneDNN 2.6 or 2.7 is needed and was not found (${tried}): ${remedy}`;
}

/**
 * Opens the first library that fits.
 *
 * Costs about 10 ms, most of it loading koffi; starts no threads. Throws MissingError, whose text says what was tried and how to
 * get the library.
 */
export function openOneDnn(places: LibraryPlaces): OneDnnLibrary {
  const attempts: string[] = [];
  for (const candidate of libraryCandidates(places)) {
    const opened = tryCandidate(candidate);
    if (typeof opened !== "string") return opened;
    attempts.push(`${candidate.path}: ${opened}`);
  }
  throw new MissingError(missingMessage(places, attempts));
}

/** The open library, or why it can't be used. */
function tryCandidate(candidate: LibraryCandidate): OneDnnLibrary | string {
  try {
    // glibc takes a library that is already open for a needed one of the same soname: so the order of opening is enough.
    for (const path of candidate.preload) koffi.load(path);
    const library = koffi.load(candidate.path);
    const version = readVersion(library);
    const refusal = refusalOf(version);
    if (refusal !== null) {
      library.unload();
      return refusal;
    }
    const openMp = koffi.load(openMpFile); // already open as oneDNN's own dependency: the same handle, wherever it came from
    keepLoaded(candidate.path);
    keepLoaded(openMpFile);
    return {
      library,
      openMp,
      version: `${version.major}.${version.minor}.${version.patch}`,
      path: candidate.path,
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * Keeps a library that is open until the process ends. koffi closes it with the thread that opened it, and a process that exits without
 * having disposed of its engines would take the code away from under OpenMP's threads, which end in a segmentation fault.
 */
function keepLoaded(path: string): void {
  const [now, noDelete] = [0x2, 0x1000]; // RTLD_NOW, RTLD_NODELETE of glibc
  koffi.load(null).func("void *dlopen(const char *file, int mode)")(path, now | noDelete);
}

/** const dnnl_version_t { int major, minor, patch; const char *hash; unsigned cpu_runtime, gpu_runtime; } */
function readVersion(library: LibraryHandle): LibraryVersion {
  const pointer: unknown = library.func("void *dnnl_version()")();
  const field = (offset: number): number => Number(koffi.decode(pointer, offset, "int"));
  return { major: field(0), minor: field(4), patch: field(8), cpuRuntime: field(24) };
}
