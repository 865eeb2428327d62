// Residual's cache folder: libraries, data sets and pulled weights that can be fetched again, and where in it things lie, for those
// who put them there (set-up) and those who read them. Pure: the environment is handed in, and no file is touched.

/** The variables that say where caches lie; undefined where not set. */
export interface CacheVariables {
  readonly RESIDUAL_CACHE?: string | undefined;
  readonly XDG_CACHE_HOME?: string | undefined;
  readonly LOCALAPPDATA?: string | undefined;
}

/**
 * The folder, which may not exist yet: RESIDUAL_CACHE itself, else `residual` below XDG_CACHE_HOME (only when absolute, as the XDG
 * specification asks), below LOCALAPPDATA on Windows, or below `~/.cache`.
 */
export function cacheFolder(platform: string, homeFolder: string, variables: CacheVariables): string {
  const { RESIDUAL_CACHE: own, XDG_CACHE_HOME: xdg, LOCALAPPDATA: local } = variables;
  if (own) return own;
  if (platform === "win32") return `${(local || `${homeFolder}\\AppData\\Local`).replaceAll("\\", "/")}/residual`;
  return xdg?.startsWith("/") ? `${xdg}/residual` : `${homeFolder}/.cache/residual`;
}

/** The folder below which set-up extracts one Debian package: its `usr/…` lies inside. It exists whole or not at all. */
export const extractedPackageFolder = (cache: string, packageName: string): string => `${cache}/debian/${packageName}`;

/** The fontconfig file that set-up writes when it had to extract a font: for FONTCONFIG_FILE. */
export const fontConfigFile = (cache: string): string => `${cache}/debian/fonts.conf`;

/** The folder in which the four files of Fashion-MNIST are looked for after Debian's own, whoever put them there. */
export const fashionMnistFolder = (cache: string): string => `${cache}/fashion-mnist`;
