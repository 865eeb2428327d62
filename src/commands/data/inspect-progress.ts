// How far looking at images has come, at a bounded rate, with the time that is left.
import type { CommandEnvironment } from "../environment.ts";

/** Images of a data set looked at so far, of many. */
export interface InspectingEvent {
  readonly event: "inspecting";
  readonly name: string;
  readonly images: number;
  readonly ofImages: number;
  readonly imagesPerSecond: number;
  readonly secondsLeft: number;
}

/** Events come no more often, in ms. */
const everyMs = 200;

/** To be called once for each image. */
export const inspectProgress = (
  name: string,
  ofImages: number,
  { monotonicMs, onEvent }: Pick<CommandEnvironment, "monotonicMs" | "onEvent">,
): (() => void) => {
  const startMs = monotonicMs();
  let [images, toldMs] = [0, startMs];
  return () => {
    images++;
    const nowMs = monotonicMs();
    if (nowMs - toldMs < everyMs && images < ofImages) return;
    toldMs = nowMs;
    const imagesPerSecond = images / Math.max(1e-3, (nowMs - startMs) / 1000);
    const secondsLeft = (ofImages - images) / imagesPerSecond;
    onEvent({ event: "inspecting", name, images, ofImages, imagesPerSecond, secondsLeft });
  };
};
