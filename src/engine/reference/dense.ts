// The dense layer and its gradients. Letters: N images, I features in, O features out.
import type { Kernel } from "./kernel.ts";

/** y[n, o] = Σ_i x[n, i] · weight[o, i] + bias[o]. */
export const dense: Kernel<"dense"> = ({ operands, results }, elementsOf) => {
  const N = operands.x.shape[0];
  const [O, I] = operands.weight.shape;
  const x = elementsOf(operands.x); // [N, I]
  const weight = elementsOf(operands.weight); // [O, I]
  const bias = elementsOf(operands.bias); // [O]
  const y = elementsOf(results.y); // [N, O]
  for (let n = 0; n < N; n++) {
    for (let o = 0; o < O; o++) {
      let sum = bias[o]!;
      for (let i = 0; i < I; i++) sum += x[n * I + i]! * weight[o * I + i]!;
      y[n * O + o] = sum;
    }
  }
};

/** dx[n, i] = Σ_o dy[n, o] · weight[o, i]. */
export const denseBackwardData: Kernel<"denseBackwardData"> = ({ operands, results }, elementsOf) => {
  const N = operands.dy.shape[0];
  const [O, I] = operands.weight.shape;
  const dy = elementsOf(operands.dy); // [N, O]
  const weight = elementsOf(operands.weight); // [O, I]
  const dx = elementsOf(results.dx); // [N, I]
  for (let n = 0; n < N; n++) {
    for (let i = 0; i < I; i++) {
      let sum = 0;
      for (let o = 0; o < O; o++) sum += dy[n * O + o]! * weight[o * I + i]!;
      dx[n * I + i] = sum;
    }
  }
};

/** dWeight[o, i] = Σ_n dy[n, o] · x[n, i];  dBias[o] = Σ_n dy[n, o]. */
export const denseBackwardWeight: Kernel<"denseBackwardWeight"> = ({ operands, results }, elementsOf) => {
  const [N, I] = operands.x.shape;
  const O = operands.dy.shape[1];
  const x = elementsOf(operands.x); // [N, I]
  const dy = elementsOf(operands.dy); // [N, O]
  const dWeight = elementsOf(results.dWeight); // [O, I]
  const dBias = elementsOf(results.dBias); // [O]
  for (let o = 0; o < O; o++) {
    for (let i = 0; i < I; i++) {
      let sum = 0;
      for (let n = 0; n < N; n++) sum += dy[n * O + o]! * x[n * I + i]!;
      dWeight[o * I + i] = sum;
    }
    let sum = 0;
    for (let n = 0; n < N; n++) sum += dy[n * O + o]!;
    dBias[o] = sum;
  }
};
