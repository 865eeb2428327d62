// Where downloads are kept between runs. A pure function: the environment and the home directory are the caller's to read.
import { isAbsolute, join } from "node:path";

/**
 * $RESIDUAL_CACHE, else $XDG_CACHE_HOME/residual, else ~/.cache/residual. A relative $XDG_CACHE_HOME is ignored, as the XDG
 * base directory specification asks.
 */
export const cacheDirectory = (environment: Readonly<Record<string, string | undefined>>, home: string): string => {
  const { RESIDUAL_CACHE, XDG_CACHE_HOME } = environment;
  if (RESIDUAL_CACHE) return RESIDUAL_CACHE;
  if (XDG_CACHE_HOME && isAbsolute(XDG_CACHE_HOME)) return join(XDG_CACHE_HOME, "residual");
  return join(home, ".cache", "residual");
};
