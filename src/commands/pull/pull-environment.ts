// What pulling is handed of the world: the network, where things are kept, and whom to tell.
import type { DownloadProgress } from "../../data/node/download.ts";
import type { Fetch } from "./download-file.ts";

/** A sentence for the person. */
export interface PullNotice {
  readonly event: "notice";
  readonly message: string;
}

export interface PullEnvironment {
  readonly fetch: Fetch;
  /** Residual's cache folder (base/cache-folder.ts). */
  readonly cacheFolder: string;
  /** Address of the npm registry that the person's npm is set to (npm-package.ts asks npm itself). */
  readonly npmRegistry: () => Promise<string>;
  /** Address of the Hugging Face hub, or of a mirror; without a slash at its end. */
  readonly hub: string;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent: (event: DownloadProgress | PullNotice) => void;
}
