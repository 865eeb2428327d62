// One of several looks at an image in evaluation: where it is cropped, whether it is mirrored, by how much it is moved. Plain data:
// protocols and test-time augmentation are lists of views, whose answers are averaged.

/** Where the crop lies in the resized picture. */
export type Place = "centre" | "top-left" | "top-right" | "bottom-left" | "bottom-right";

export interface View {
  readonly place: Place;
  /** After the crop, as Krizhevsky et al. (2012, section 4.1) mirror their patches. */
  readonly mirrored: boolean;
  /** Pixels of the network's input by which the window moves; what comes in from outside is the mean (0 after normalisation). */
  readonly shift: readonly [down: number, right: number];
}

/** The image as predicting has it. */
export const plainView: View = { place: "centre", mirrored: false, shift: [0, 0] };
