// What can be asked of any data set, whatever it is and wherever it lies.
import type { DownloadProgress } from "./download.ts";

export interface DataSetOptions {
  /** Training images to hold out as a validation split, each class in proportion; default 0. */
  readonly validation?: number;
  /** Decides which images are held out; default 0. */
  readonly seed?: number;
  /** The folder where downloads are kept (see base/cache-folder.ts). Without it nothing is looked for there, or downloaded. */
  readonly cache?: string;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: DownloadProgress) => void;
}
