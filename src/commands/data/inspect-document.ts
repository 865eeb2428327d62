// What `residual data inspect --json` prints.

export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** An image by its split, its class, and the name that messages give it. */
export interface NamedImage {
  readonly split: string;
  readonly class: string;
  readonly image: string;
}

export interface SameImages {
  /** "bytes": the same file contents; "pixels": other files, but the same decoded picture. */
  readonly same: "bytes" | "pixels";
  readonly images: readonly NamedImage[];
}

export interface Duplicates {
  /** All of one class and split: each counts more than once in training. */
  readonly withinClass: readonly SameImages[];
  /** In several classes: labels contradict each other. */
  readonly acrossClasses: readonly SameImages[];
  /** In several splits: what is tested was trained on. */
  readonly betweenSplits: readonly SameImages[];
}

export interface SplitFacts {
  readonly split: string;
  readonly images: number;
  readonly classes: readonly { readonly name: string; readonly images: number }[];
}

/** Largest class against smallest, of the training split. */
export interface Balance {
  readonly largest: { readonly name: string; readonly images: number };
  readonly smallest: { readonly name: string; readonly images: number };
  /** An empty class counts as one image here. */
  readonly ratio: number;
  readonly isUnbalanced: boolean;
}

/** How fast one data worker makes training images (random crops of Inception, mirrored at random) of pictures of the training split. */
export interface PreparationRate {
  /** Pictures measured. */
  readonly images: number;
  /** Height and width of the crops, in pixels. */
  readonly size: readonly [height: number, width: number];
  /** As training does it: JPEGs are decoded at a fraction of their size where the crop allows it. */
  readonly imagesPerSecond: number;
  /** Of the pictures measured, those that were decoded at a fraction of their size. */
  readonly reducedImages: number;
  /** With every picture decoded whole. */
  readonly wholeImagesPerSecond: number;
}

export interface InspectDocument {
  readonly name: string;
  /** What was recognised, and where. */
  readonly origin: string;
  readonly splits: readonly SplitFacts[];
  readonly balance: Balance;
  /** In pixels, after EXIF's turning; `aspect` is width ÷ height. Null where no image could be read. */
  readonly sizes: { readonly width: Spread; readonly height: Spread; readonly aspect: Spread } | null;
  /** Images by format ("jpeg" …; "raw" for pixels in memory) and by stored colours ("RGB", "CMYK", "grey 16 bit" …). */
  readonly formats: Readonly<Record<string, number>>;
  readonly modes: Readonly<Record<string, number>>;
  readonly turned: number;
  readonly animated: number;
  /** Whether each picture was decoded as a whole; else only what its header and end show is known. */
  readonly decoded: boolean;
  /** Null for images in memory, and where nothing was decoded. */
  readonly preparation: PreparationRate | null;
  /** `split` is null for what was left out when the data were opened. */
  readonly broken: readonly { readonly split: string | null; readonly image: string; readonly problem: string }[];
  readonly duplicates: Duplicates;
  /** The picture of a few images of each class; null where none was asked for. */
  readonly contactSheet: string | null;
}
