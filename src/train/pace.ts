// How fast a training goes: images a second, and the time left. Times are handed in; no clock is read here.

/** Steps over which the speed is taken: enough to be steady, few enough to follow a change. */
const recentSteps = 20;

export interface Pace {
  /** A step took this long, waiting for its batch included. */
  stepTook(milliseconds: number): void;
  /** An evaluation took this long. */
  evaluationTook(milliseconds: number): void;
  /** Steps from now on take another time. */
  sizeChanged(): void;
  /** Over the last steps; 0 before the first. */
  imagesPerSecond(): number;
  /** Over all steps but the first, which warms up (the only one where there is one). */
  overallImagesPerSecond(): number;
  secondsLeft(steps: number, evaluations: number): number;
}

export const createPace = (batch: number): Pace => {
  const recent: number[] = [];
  let [steps, allMs, firstMs, evaluationMs] = [0, 0, 0, 0];
  const rate = (count: number, milliseconds: number): number =>
    milliseconds > 0 ? (1000 * batch * count) / milliseconds : 0;
  const meanStepMs = (): number =>
    recent.length === 0 ? 0 : recent.reduce((sum, milliseconds) => sum + milliseconds, 0) / recent.length;
  return {
    stepTook: (milliseconds) => {
      if (steps === 0) firstMs = milliseconds;
      steps++;
      allMs += milliseconds;
      recent.push(milliseconds);
      if (recent.length > recentSteps) recent.shift();
    },
    evaluationTook: (milliseconds) => {
      evaluationMs = milliseconds;
    },
    sizeChanged: () => {
      recent.length = 0;
    },
    imagesPerSecond: () => rate(1, meanStepMs()),
    overallImagesPerSecond: () => (steps > 1 ? rate(steps - 1, allMs - firstMs) : rate(steps, allMs)),
    secondsLeft: (left, evaluations) => (left * meanStepMs() + evaluations * evaluationMs) / 1000,
  };
};
