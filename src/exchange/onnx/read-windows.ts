// Windows of convolutions and pools, and the Pads and Slices before them, in the source graph's terms: square, alike on all sides.
import type { Sides } from "../../spec/spec.ts";
import { paddingOf } from "../../spec/windows.ts";
import { type Activation, type Reading, type Rule, stridedSize } from "./reading.ts";

const none: Sides = { top: 0, left: 0, bottom: 0, right: 0 };

/** The two numbers of an attribute, which are to be alike. */
const square = (reading: Reading, name: string, usual: number): number => {
  const values = reading.attribute(name, "ints")?.values ?? [usual, usual];
  const [first = usual] = values;
  if (values.length !== 2 || values[1] !== first || !Number.isInteger(first) || first < 1) {
    reading.fail(`has ${name} [${values.slice(0, 8).join(", ")}]; a ResNet's are two that are alike`);
  }
  return first;
};

const explicitPads = (reading: Reading): Sides => {
  const values = reading.attribute("pads", "ints")?.values ?? [0, 0, 0, 0];
  const [top = 0, left = 0, bottom = 0, right = 0] = values;
  if (values.length !== 4 || values.some((amount) => !(amount >= 0 && amount <= 2 ** 20))) {
    reading.fail(`has pads [${values.slice(0, 8).join(", ")}]; only four amounts of at least 0 can be read`);
  }
  return { top, left, bottom, right };
};

const padsOf = (reading: Reading, { size }: Activation, kernel: number, stride: number): Sides => {
  const automatic = reading.attribute("auto_pad", "string")?.value ?? "NOTSET";
  if (automatic === "NOTSET" || automatic === "") return explicitPads(reading);
  if (automatic === "VALID") return none;
  if (automatic !== "SAME_UPPER" && automatic !== "SAME_LOWER") return reading.fail(`has auto_pad ${automatic}`);
  if (stride === 1 && kernel % 2 === 1) return paddingOf("fixed", [1, 1, 1], kernel, stride);
  if (size === null)
    return reading.fail(`pads by ${automatic}, which depends on the image's size, and the file leaves that open`);
  const sides = paddingOf("same", [1, ...size], kernel, stride);
  if (automatic === "SAME_UPPER") return sides;
  return { top: sides.bottom, left: sides.right, bottom: sides.top, right: sides.left };
};

export interface ReadWindow {
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  /** What it makes of a map, where its size is known. */
  readonly size: readonly [number, number] | null;
}

/** The window of a node over an activation, a Pad's border included. */
export const windowOf = (reading: Reading, x: Activation, kernel: number): ReadWindow => {
  for (const dilation of reading.attribute("dilations", "ints")?.values ?? []) {
    if (dilation !== 1) reading.fail(`has dilations of ${dilation}; a ResNet's windows have none`);
  }
  const stride = square(reading, "strides", 1);
  const own = padsOf(reading, x, kernel, stride);
  const border = x.border ?? none;
  const sum = (side: keyof Sides): number => own[side] + border[side];
  const sides = [sum("top"), sum("left"), sum("bottom"), sum("right")];
  const padding = sides[0] ?? 0;
  if (sides.some((amount) => amount !== padding)) {
    reading.fail(
      `is padded by [${sides.join(", ")}] (top, left, bottom, right); only the same amount on all sides can be read`,
    );
  }
  const places = (size: number): number => (size + 2 * padding - kernel) / stride + 1;
  const size = x.size && ([Math.floor(places(x.size[0])), Math.floor(places(x.size[1]))] as const);
  const roundsUp = reading.attribute("ceil_mode", "int")?.value === 1;
  if (roundsUp && !x.size?.every((each) => Number.isInteger(places(each)))) {
    reading.fail("has ceil_mode 1 where rounding matters; only windows that lie within the padded map can be read");
  }
  return { kernel, stride, padding, size };
};

export const kernelOf = (reading: Reading): number => square(reading, "kernel_shape", 1);

/** Axes of [N, C, H, W] or [N, H, W, C] on which the map's height and width lie. */
export const spatialAxes = (reading: Reading, { layout }: Activation): readonly [number, number] => {
  if (layout === "features") return reading.fail("takes features; only a map can be read");
  return layout === "NCHW" ? [2, 3] : [1, 2];
};

/** A Pad: a border for the window that comes next, or channels of zeros. */
export const readPad: Rule = (reading) => {
  const mode = reading.attribute("mode", "string")?.value ?? "constant";
  if (mode !== "constant") reading.fail(`has mode "${mode.slice(0, 20)}"; only constant can be read`);
  const amounts = reading.numbers("pads", 1) ?? reading.fail("has no pads");
  const constant = reading.value(2);
  const value =
    constant?.kind === "weights"
      ? (reading.vector(2, 1)?.data[0] ?? Number.NaN)
      : (reading.attribute("value", "float")?.value ?? 0);
  const x = reading.pending();
  const [rows, columns] = spatialAxes(reading, x);
  const channels = x.layout === "NCHW" ? 1 : 3;
  const sound = amounts.length === 8 && amounts.every((amount) => amount >= 0 && amount <= 2 ** 20);
  if (!sound || reading.value(3) !== null) {
    reading.fail(`has pads [${amounts.slice(0, 8).join(", ")}]; only eight of at least 0, for all axes, can be read`);
  }
  const at = (axis: number): readonly [number, number] => [amounts[axis] ?? 0, amounts[axis + 4] ?? 0];
  const [[top, bottom], [left, right], [before, after]] = [at(rows), at(columns), at(channels)];
  if (at(0).some((amount) => amount > 0)) reading.fail("adds images to the batch");
  const [around, beside] = [top + bottom + left + right > 0, before + after > 0];
  if (!around && !beside) return reading.becomes(x);
  if (around && beside) reading.fail("adds pixels and channels at once");
  if (around) {
    if (x.border !== null) reading.fail("comes after another Pad");
    const whole = reading.subsampled(x);
    return reading.becomes({ ...whole, border: { top, left, bottom, right, value } });
  }
  const [stride] = x.strides;
  if (value !== 0 || x.border !== null || x.strides[1] !== stride || x.layout !== "NCHW") {
    reading.fail("adds channels in a way that option A's shortcut doesn't");
  }
  const node = { kind: "zeroPad", name: reading.label, inputs: [x.node], stride, before, after } as const;
  reading.add(node, { layout: x.layout, size: stridedSize(x) });
};

/** Every so many-th row and column, from the first to the last: pending until something asks for it. */
export const readSlice = (reading: Reading): void => {
  const x = reading.pending();
  const [rows, columns] = spatialAxes(reading, x);
  const starts = reading.numbers("starts", 1) ?? [];
  const ends = reading.numbers("ends", 2) ?? [];
  const axes = reading.numbers("axes", 3) ?? starts.map((_, i) => i);
  const steps = reading.numbers("steps", 4) ?? starts.map(() => 1);
  const strides = [...x.strides];
  for (const [i, given] of axes.entries()) {
    const axis = given < 0 ? given + 4 : given;
    const [start, end = 0, step = 1] = [starts[i], ends[i], steps[i]];
    const whole =
      x.size === null || (axis !== rows && axis !== columns) ? 2 ** 31 - 1 : (x.size[axis === rows ? 0 : 1] ?? 0);
    const place = axis === rows ? 0 : axis === columns ? 1 : null;
    const sound = start === 0 && end >= whole && Number.isInteger(step) && step >= 1 && step <= 2 ** 20;
    if (!sound || (place === null && step !== 1)) {
      reading.fail("takes a part of a map; only every n-th row and column, from the first on, can be read");
    }
    if (place !== null) strides[place] = (strides[place] ?? 1) * step;
  }
  if (x.border !== null) reading.fail("comes after a Pad");
  reading.becomes({ ...x, strides: [strides[0] ?? 1, strides[1] ?? 1] });
};
