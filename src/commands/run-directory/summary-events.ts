// What TensorBoard draws, as its Event messages: points of curves, pictures, histograms.
// Value { string tag = 1; float simple_value = 2; Image image = 4; HistogramProto histo = 5 }. Source: tensorboard summary.proto.
import {
  bytesField,
  doubleField,
  doublesField,
  floatField,
  message,
  summaryEvent,
  textField,
  wholeField,
} from "./event-fields.ts";
import type { Histogram } from "./histogram.ts";

/** One point of each named curve; values are stored in f32. `seconds` count from 1970, `step` from 0. */
export const scalarEvent = (seconds: number, step: number, scalars: Readonly<Record<string, number>>): Uint8Array =>
  summaryEvent(
    seconds,
    step,
    Object.entries(scalars).map(([tag, value]) => message(textField(1, tag), floatField(2, value))),
  );

/** A file of PNG, with its size in pixels. */
export interface EventImage {
  readonly width: number;
  readonly height: number;
  readonly png: Uint8Array;
}

/** Image { int32 height = 1; int32 width = 2; int32 colorspace = 3 (3: RGB); bytes encoded_image_string = 4 }. */
export const imageEvent = (
  seconds: number,
  step: number,
  tag: string,
  { width, height, png }: EventImage,
): Uint8Array => {
  const image = message(wholeField(1, height), wholeField(2, width), wholeField(3, 3), bytesField(4, png));
  return summaryEvent(seconds, step, [message(textField(1, tag), bytesField(4, image))]);
};

/** HistogramProto { double min = 1, max = 2, num = 3, sum = 4, sum_squares = 5; repeated double bucket_limit = 6, bucket = 7 }. */
export const histogramEvent = (seconds: number, step: number, histograms: ReadonlyMap<string, Histogram>): Uint8Array =>
  summaryEvent(
    seconds,
    step,
    [...histograms].map(([tag, { min, max, count, sum, sumOfSquares, limits, counts }]) => {
      const numbers = [min, max, count, sum, sumOfSquares].map((value, i) => doubleField(i + 1, value));
      return message(
        textField(1, tag),
        bytesField(5, message(...numbers, doublesField(6, limits), doublesField(7, counts))),
      );
    }),
  );
