// Whether text in pictures can be drawn. sharp draws SVG text with fontconfig's fonts and, without any, leaves an empty box for
// every letter: so set-up makes sure of a font, and the command line tells fontconfig where that font is.
import { existsSync, readdirSync } from "node:fs";
import { extractedPackageFolder, fontConfigFile } from "../base/cache-folder.ts";

/** Where to look for fonts. */
export interface FontPlaces {
  readonly cacheFolder: string;
  readonly homeFolder: string;
  /** False leaves out the system's and the person's own font folders. */
  readonly system: boolean;
  /** As in `process.platform`: other systems than Linux bring fonts. */
  readonly platform: string;
  /** The value of FONTCONFIG_FILE or FONTCONFIG_PATH when the person has set it: then that is trusted. */
  readonly ownConfiguration: string | null;
  /** The folders of the system; what is given replaces Debian's. */
  readonly systemFolders?: { readonly fonts: readonly string[]; readonly configuration: string };
}

/**
 * Fonts that were found. `configFile` is null where fontconfig finds them by itself; otherwise `process.env.FONTCONFIG_FILE` has to
 * be set to it on the main thread before sharp draws its first text (a worker's `process.env` is a copy that fontconfig never sees).
 */
export interface Fonts {
  readonly found: string;
  readonly configFile: string | null;
}

const debianFolders = { fonts: ["/usr/share/fonts", "/usr/local/share/fonts"], configuration: "/etc/fonts/fonts.conf" };

/** The fonts that pictures are drawn with, or null when letters would be empty boxes. */
export function findFonts(places: FontPlaces): Fonts | null {
  if (places.ownConfiguration !== null) return { found: places.ownConfiguration, configFile: null };
  if (places.platform !== "linux") return { found: "the system's fonts", configFile: null };
  const { fonts, configuration } = places.systemFolders ?? debianFolders;
  if (places.system && existsSync(configuration)) {
    const folders = [...fonts, `${places.homeFolder}/.local/share/fonts`, `${places.homeFolder}/.fonts`];
    for (const folder of folders) {
      if (holdsFont(folder)) return { found: folder, configFile: null };
    }
  }
  const extracted = extractedPackageFolder(places.cacheFolder, "fonts-dejavu-core");
  const configFile = fontConfigFile(places.cacheFolder);
  return existsSync(configFile) && holdsFont(extracted) ? { found: extracted, configFile } : null;
}

/** The text of a fontconfig file that adds the folder's fonts to the system's, if it has any. */
export function fontConfiguration(fontFolder: string, fontCacheFolder: string): string {
  const escapeXml = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir>${escapeXml(fontFolder)}</dir>
  <cachedir>${escapeXml(fontCacheFolder)}</cachedir>
</fontconfig>
`;
}

/** Whether a font file lies in the folder or anywhere below it. Stops at the first. */
function holdsFont(folder: string): boolean {
  if (!existsSync(folder)) return false;
  const entries = readdirSync(folder, { withFileTypes: true });
  if (entries.some((entry) => /\.(ttf|otf|ttc|pfb)$/i.test(entry.name))) return true;
  return entries.some((entry) => entry.isDirectory() && holdsFont(`${folder}/${entry.name}`));
}
