// What can be asked of any data set, whatever it is and wherever it lies.
import type { DownloadProgress } from "./download.ts";

/** A sentence for the person; `warning` where something is not as it should be. */
export interface DataSetNotice {
  readonly event: "notice" | "warning";
  readonly message: string;
}

/** Files of a folder looked at so far, of many. */
export interface ProbeProgress {
  readonly event: "probing";
  readonly folder: string;
  readonly files: number;
  readonly ofFiles: number;
}

/** An image that turned out broken when it was decoded. Told once for each image and use. */
export interface BrokenImageNotice {
  readonly event: "broken";
  readonly use: "training" | "evaluation";
  /** Names the file. */
  readonly problem: string;
  /** The problem, and what becomes of it, as a sentence. */
  readonly message: string;
}

export type DataSetEvent = DownloadProgress | ProbeProgress | DataSetNotice | BrokenImageNotice;

export interface DataSetOptions {
  /** Training images to hold out as a validation split, each class in proportion; default 0. */
  readonly validation?: number;
  /** Decides which images are held out; default 0. */
  readonly seed?: number;
  /** Whether a folder may hold `val/` or `test/` without images to train on: `train` is empty then. Default false. */
  readonly onlyTested?: boolean;
  /** The folder where downloads are kept (see base/cache-folder.ts). Without it nothing is looked for there, or downloaded. */
  readonly cache?: string;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: DataSetEvent) => void;
}
