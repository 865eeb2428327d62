// `--protocol`, `--tta` and `--scales`: from words to the passes of a protocol over a source.
import { UsageError } from "../../base/errors.ts";
import { nearest } from "../../base/nearest.ts";
import { mapConcurrently } from "../../data/node/map-concurrently.ts";
import { openReader } from "../../data/node/readers.ts";
import type { PictureSize } from "../../data/picture-region.ts";
import type { Preprocessing } from "../../data/preprocessing.ts";
import { type ImageSource, pixelShapeOf } from "../../data/source.ts";
import {
  type AdditionName,
  additionNames,
  cropPasses,
  type Pass,
  type ProtocolName,
  protocolNames,
  scalePasses,
  scalesFor,
  viewsOf,
} from "../../evaluate/protocol.ts";
import type { ResNetSpec } from "../../spec/spec.ts";

export interface ProtocolOptions {
  /** "own" (default: once, as the weights' preprocessing says), "one-crop", "ten-crop", or "multi-scale". */
  readonly protocol?: string;
  /** Test-time augmentation: "mirror", "shifts", or both with a comma; the answers to all views are averaged. */
  readonly tta?: string;
  /** Shorter sides of multi-scale, in pixels; by default the paper's, in proportion to the network's size. */
  readonly scales?: readonly number[];
}

/** What the options say. `scales` null: the paper's. */
export interface ChosenProtocol {
  readonly name: ProtocolName;
  readonly added: readonly AdditionName[];
  readonly scales: readonly number[] | null;
}

const oneOf = <T extends string>(text: string, known: readonly T[], flag: string): T => {
  const found = known.find((name) => name === text);
  if (found !== undefined) return found;
  const near = nearest(text, known);
  throw new UsageError(
    `${flag} should be ${known.map((name) => `"${name}"`).join(", ")} but is "${text}"${near === null ? "" : `; did you mean "${near}"?`}`,
  );
};

/** Throws UsageError for what is no protocol, and for options that don't go together. */
export const protocolOf = ({ protocol = "own", tta, scales }: ProtocolOptions): ChosenProtocol => {
  const name = oneOf(protocol, protocolNames, "--protocol");
  const added = tta === undefined ? [] : tta.split(",").map((each) => oneOf(each.trim(), additionNames, "--tta"));
  if (new Set(added).size < added.length) throw new UsageError(`--tta names something twice: ${tta}`);
  if (scales !== undefined && name !== "multi-scale") {
    throw new UsageError("--scales are for --protocol multi-scale; add it, or leave them out");
  }
  viewsOf(name, added, [1, 1]); // refuses what adds nothing
  return { name, added, scales: scales ?? null };
};

/** The protocol as it was carried out, for the document and the report. */
export interface ProtocolDocument {
  readonly name: ProtocolName;
  readonly tta: readonly AdditionName[];
  /** Looks at each image, whose probabilities are averaged. */
  readonly views: number;
  /** Height and width of the crop; null where they follow from the image (multi-scale). */
  readonly size: readonly [height: number, width: number] | null;
  /** What the picture's shorter side is resized to, once or at each scale; empty where it isn't resized so. */
  readonly shorterSides: readonly number[];
}

export interface PlannedProtocol {
  readonly document: ProtocolDocument;
  /** Passes of one shape follow one another. */
  readonly passes: readonly Pass[];
}

/** By how much a network divides heights and widths in all. Throws UsageError for one that takes images of one size alone. */
const strideOf = (spec: ResNetSpec): number => {
  if (spec.stem === null) {
    throw new UsageError(
      `${spec.name} flattens its images, so it takes those of one size alone; --protocol multi-scale is for convolutional networks`,
    );
  }
  return spec.stages.reduce(
    (product, { stride }) => product * stride,
    spec.stem.stride * (spec.stem.pool?.stride ?? 1),
  );
};

/** Files whose headers are read at once. */
const readAtOnce = 8;

/** The sizes of all images; null for one whose header can't be read, which is told when it is evaluated. */
const pictureSizes = (source: ImageSource): Promise<readonly (PictureSize | null)[]> => {
  const reader = openReader(source);
  const images = Array.from(source.labels, (_, image) => image);
  const shape = pixelShapeOf(source);
  if (shape !== null) return Promise.resolve(images.map(() => ({ width: shape[2], height: shape[1] })));
  return mapConcurrently(images, readAtOnce, async (image) => {
    if (reader.kind === "pixels") return null;
    const { width, height } = await reader.picture(image).catch(() => ({ width: 0, height: 0 }));
    return width === 0 ? null : { width, height };
  });
};

/** The passes over a source, for a network with its preprocessing. Throws UsageError where the network can't take them. */
export const planProtocol = async (
  { name, added, scales: asked }: ChosenProtocol,
  spec: ResNetSpec,
  own: Preprocessing,
  source: ImageSource,
): Promise<PlannedProtocol> => {
  const views = viewsOf(name, added, own.size).length;
  if (name !== "multi-scale") {
    const passes = cropPasses(name, added, own);
    const fit = passes[0]?.preprocessing.fit;
    const shorterSides = fit?.kind === "crop" ? [fit.shorterSide] : [];
    return { passes, document: { name, tta: added, views, size: own.size, shorterSides } };
  }
  const scales = asked ?? scalesFor(own.size);
  const multiple = strideOf(spec);
  const passes = scalePasses(own, { sizes: await pictureSizes(source), scales, multiple, added });
  return { passes, document: { name, tta: added, views: views * scales.length, size: null, shorterSides: scales } };
};
