// The images that the named networks are for, and what all networks for one kind of image share: stem and widths.
import type { MapShape, SpecOptions } from "./spec.ts";

/** What the networks for one kind of image have in common (1512.03385: Table 1, and section 4.2). */
export interface Benchmark {
  readonly title: string;
  readonly input: MapShape;
  readonly classes: number;
  readonly stem: SpecOptions["stem"];
  readonly widths: readonly number[];
}
const pool = { kernel: 3, stride: 2, padding: 1 };
const imageNetStem = { width: 64, kernel: 7, stride: 2, pool };
export const imageNet: Benchmark = {
  title: "",
  input: [3, 224, 224],
  classes: 1000,
  stem: imageNetStem,
  widths: [64, 128, 256, 512],
};
/** Three 3×3 in place of the 7×7 (1812.01187, figure 2). */
export const imageNetDeep: Benchmark = { ...imageNet, stem: { ...imageNetStem, kernel: 3, before: [32, 32] } };
export const imageNetBare: Benchmark = { ...imageNet, stem: { ...imageNetStem, activated: false } };
const cifarStem = { width: 16, kernel: 3, stride: 1, pool: null };
export const cifar: Benchmark = {
  title: "CIFAR ",
  input: [3, 32, 32],
  classes: 10,
  stem: cifarStem,
  widths: [16, 32, 64],
};
/** `times` as wide, the stem `stemTimes` (ResNeXt: both 4; wide ResNets: only the stages). */
export const cifarWide = (times: number, stemTimes: number): Benchmark => ({
  ...cifar,
  stem: { ...cifarStem, width: 16 * stemTimes },
  widths: cifar.widths.map((width) => width * times),
});
/** dlib_face_recognition_resnet_model_v1: no padding where there is a stride; 128 numbers that describe a face. */
export const faces: Benchmark = {
  title: "",
  input: [3, 150, 150],
  classes: 128,
  stem: { width: 32, kernel: 7, stride: 2, padding: 0, pool: { kernel: 3, stride: 2, padding: 0 } },
  widths: [32, 64, 128, 256, 256],
};
export const grey: Benchmark = { title: "", input: [1, 28, 28], classes: 10, stem: null, widths: [256] };
