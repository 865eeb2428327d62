// Operations that treat each element alike, whatever the shape.
import { philox4x32, randomPurposes } from "../../base/philox.ts";
import type { Kernel } from "./kernel.ts";

/** y = max(x, 0); NaN stays NaN. */
export const relu: Kernel<"relu"> = ({ operands, results }, elementsOf) => {
  const x = elementsOf(operands.x);
  const y = elementsOf(results.y);
  for (let i = 0; i < y.length; i++) y[i] = Math.max(x[i]!, 0);
};

/** dx = dy where y > 0, else 0. */
export const reluBackward: Kernel<"reluBackward"> = ({ operands, results }, elementsOf) => {
  const y = elementsOf(operands.y);
  const dy = elementsOf(operands.dy);
  const dx = elementsOf(results.dx);
  for (let i = 0; i < dx.length; i++) dx[i] = y[i]! > 0 ? dy[i]! : 0;
};

/** y = a + b. */
export const add: Kernel<"add"> = ({ operands, results }, elementsOf) => {
  const a = elementsOf(operands.a);
  const b = elementsOf(operands.b);
  const y = elementsOf(results.y);
  for (let i = 0; i < y.length; i++) y[i] = a[i]! + b[i]!;
};

/** y = a · b. */
export const multiply: Kernel<"multiply"> = ({ operands, results }, elementsOf) => {
  const a = elementsOf(operands.a);
  const b = elementsOf(operands.b);
  const y = elementsOf(results.y);
  for (let i = 0; i < y.length; i++) y[i] = a[i]! * b[i]!;
};

/** y = 1 / (1 + e⁻ˣ); where e⁻ˣ overflows, 0. */
export const sigmoid: Kernel<"sigmoid"> = ({ operands, results }, elementsOf) => {
  const x = elementsOf(operands.x);
  const y = elementsOf(results.y);
  for (let i = 0; i < y.length; i++) y[i] = 1 / (1 + Math.exp(-x[i]!));
};

/** dx = dy · y · (1 − y). */
export const sigmoidBackward: Kernel<"sigmoidBackward"> = ({ operands, results }, elementsOf) => {
  const y = elementsOf(operands.y);
  const dy = elementsOf(operands.dy);
  const dx = elementsOf(results.dx);
  for (let i = 0; i < dx.length; i++) dx[i] = dy[i]! * y[i]! * (1 - y[i]!);
};

/** y = scale · x + shift. */
export const affine: Kernel<"affine"> = ({ operands, results, params: { scale, shift } }, elementsOf) => {
  const x = elementsOf(operands.x);
  const y = elementsOf(results.y);
  for (let i = 0; i < y.length; i++) y[i] = scale * x[i]! + shift;
};

/**
 * y = 0 for a fraction `rate` of the elements, x / (1 − rate) for the others. Element i is dropped when number i mod 4 of the
 * Philox block of key [seed, dropout's purpose] and counter [⌊i / 4⌋, 0, stream, step] is below rate · 2³².
 */
export const dropout: Kernel<"dropout"> = ({ operands, results, params: { rate, stream } }, elementsOf) => {
  const x = elementsOf(operands.x);
  const key = elementsOf(operands.key); // [2]: seed, step
  const y = elementsOf(results.y);
  const [seed, step] = [key[0]!, key[1]!];
  for (let block = 0; 4 * block < y.length; block++) {
    const numbers = philox4x32([seed, randomPurposes.dropout], [block, 0, stream, step]);
    for (let k = 0; k < 4 && 4 * block + k < y.length; k++) {
      const i = 4 * block + k;
      y[i] = numbers[k]! < rate * 2 ** 32 ? 0 : x[i]! / (1 - rate);
    }
  }
};

/** y = 0 for images that are dropped, x / (1 − rate) for the others: which, see the operation. */
export const stochasticDepth: Kernel<"stochasticDepth"> = ({ operands, results, params }, elementsOf) => {
  const x = elementsOf(operands.x);
  const key = elementsOf(operands.key); // [2]: seed, step
  const y = elementsOf(results.y);
  const images = operands.x.shape[0] ?? 1;
  const elements = y.length / images;
  for (let n = 0; n < images; n++) {
    const counter = [Math.floor(n / 4), 0, params.stream, key[1]!] as const;
    const number = philox4x32([key[0]!, randomPurposes.stochasticDepth], counter)[n % 4]!;
    const factor = number < params.rate * 2 ** 32 ? 0 : 1 / (1 - params.rate);
    for (let i = n * elements; i < (n + 1) * elements; i++) y[i] = factor === 0 ? 0 : factor * x[i]!;
  }
};

/** The same elements; that they are rounded is what storing them in another type means. */
export const cast: Kernel<"cast"> = ({ operands, results }, elementsOf) => {
  elementsOf(results.y).set(elementsOf(operands.x));
};

/** The same number everywhere. */
export const constant: Kernel<"constant"> = ({ results, params }, elementsOf) => {
  elementsOf(results.y).fill(params.value);
};
