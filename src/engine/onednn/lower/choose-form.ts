// Which of several forms, of one or more calls each, something is computed in: measured as a whole, and remembered like the choice of a
// convolution's code (measured-choice.ts).
import type { Choosing } from "../convolution-choices.ts";
import type { ConvolutionLayer } from "./convolution-layer.ts";

/** What a form has to save of the time of what is there anyway: two runs differ by as much. */
const worthwhile = 0.97;

export interface Form {
  /** With the implementations of its calls: what is remembered under another name is measured anew. */
  readonly name: string;
  /** May stop early with any number above `best`. */
  milliseconds(best: number): number;
}

/** By what a choice of a form is kept: everything that the time depends on but the processor. */
export const formKey = (setting: string, what: string, { x, filter, y, params, type }: ConvolutionLayer): string => {
  const { stride, padding } = params;
  const { top, left, bottom, right } = padding;
  const geometry = `stride ${stride.join("×")} padding ${[top, left, bottom, right].join(" ")}`;
  return `${setting}: form of ${what} ${type}: ${x.join("×")}, ${filter.join("×")}, ${y.join("×")}, ${geometry}`;
};

/** One of `forms`, or null for what is there anyway: also where no time is left to measure. */
export const chooseForm = <F extends Form>(
  choices: Choosing,
  key: string,
  asItIs: Form,
  forms: readonly F[],
): F | null => {
  const known = choices.known(key);
  const remembered = forms.find(({ name }) => name === known) ?? null;
  if (known !== null && (remembered !== null || known === asItIs.name)) {
    choices.use(key, known);
    return remembered;
  }
  let taken: F | null = null;
  const measured = choices.measure(key, () => {
    let best = worthwhile * asItIs.milliseconds(Number.POSITIVE_INFINITY);
    for (const form of forms) {
      const milliseconds = form.milliseconds(best);
      if (milliseconds < best) [best, taken] = [milliseconds, form];
    }
    return (taken ?? asItIs).name;
  });
  if (measured === null) choices.use(key, asItIs.name);
  return taken;
};
