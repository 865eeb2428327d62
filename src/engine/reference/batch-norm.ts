// Batch normalisation over N·H·W elements of each channel: training, inference, backward.
// ε is inside the root; the variance is the biased one, Σ(x − mean)² / M. What is computed on the way stays in f64: y doesn't
// see that mean and variance are rounded when they are stored; backward does, because it is handed the stored ones.
import type { Kernel } from "./kernel.ts";

/** y = scale · (x − mean) / √(variance + ε) + shift, with mean = Σx / M and variance = Σ(x − mean)² / M. */
export const batchNormTrain: Kernel<"batchNormTrain"> = ({ operands, results, params }, elementsOf) => {
  const [N, C, H, W] = operands.x.shape;
  const x = elementsOf(operands.x); // [N, C, H, W]
  const scale = elementsOf(operands.scale); // [C]
  const shift = elementsOf(operands.shift); // [C]
  const y = elementsOf(results.y); // [N, C, H, W]
  const means = elementsOf(results.mean); // [C]
  const variances = elementsOf(results.variance); // [C]
  const P = H * W;
  const M = N * P;
  for (let c = 0; c < C; c++) {
    let sum = 0;
    for (let n = 0; n < N; n++) {
      const plane = (n * C + c) * P; // x[n, c, :, :]
      for (let p = 0; p < P; p++) sum += x[plane + p]!;
    }
    const mean = sum / M;
    let squares = 0;
    for (let n = 0; n < N; n++) {
      const plane = (n * C + c) * P;
      for (let p = 0; p < P; p++) squares += (x[plane + p]! - mean) ** 2;
    }
    const variance = squares / M;
    const deviation = Math.sqrt(variance + params.epsilon);
    for (let n = 0; n < N; n++) {
      const plane = (n * C + c) * P;
      for (let p = 0; p < P; p++) y[plane + p] = (scale[c]! * (x[plane + p]! - mean)) / deviation + shift[c]!;
    }
    means[c] = mean;
    variances[c] = variance;
  }
};

/** y = scale · (x − mean) / √(variance + ε) + shift, with statistics that are given. */
export const batchNormInference: Kernel<"batchNormInference"> = ({ operands, results, params }, elementsOf) => {
  const [N, C, H, W] = operands.x.shape;
  const x = elementsOf(operands.x); // [N, C, H, W]
  const scale = elementsOf(operands.scale); // [C], as shift, mean and variance
  const shift = elementsOf(operands.shift);
  const mean = elementsOf(operands.mean);
  const variance = elementsOf(operands.variance);
  const y = elementsOf(results.y); // [N, C, H, W]
  const P = H * W;
  for (let c = 0; c < C; c++) {
    const deviation = Math.sqrt(variance[c]! + params.epsilon);
    for (let n = 0; n < N; n++) {
      const plane = (n * C + c) * P; // x[n, c, :, :]
      for (let p = 0; p < P; p++) y[plane + p] = (scale[c]! * (x[plane + p]! - mean[c]!)) / deviation + shift[c]!;
    }
  }
};

/**
 * With x̂ = (x − mean) / √(variance + ε):
 *   dShift = Σ dy,   dScale = Σ dy · x̂,   dx = scale / √(variance + ε) · (dy − dShift / M − x̂ · dScale / M)
 */
export const batchNormBackward: Kernel<"batchNormBackward"> = ({ operands, results, params }, elementsOf) => {
  const [N, C, H, W] = operands.x.shape;
  const x = elementsOf(operands.x); // [N, C, H, W]
  const dy = elementsOf(operands.dy); // [N, C, H, W]
  const scale = elementsOf(operands.scale); // [C], as mean and variance
  const means = elementsOf(operands.mean);
  const variances = elementsOf(operands.variance);
  const dx = elementsOf(results.dx); // [N, C, H, W]
  const dScales = elementsOf(results.dScale); // [C]
  const dShifts = elementsOf(results.dShift); // [C]
  const P = H * W;
  const M = N * P;
  for (let c = 0; c < C; c++) {
    const mean = means[c]!;
    const deviation = Math.sqrt(variances[c]! + params.epsilon);
    let dShift = 0;
    let dScale = 0;
    for (let n = 0; n < N; n++) {
      const plane = (n * C + c) * P; // x[n, c, :, :]
      for (let p = 0; p < P; p++) {
        dShift += dy[plane + p]!;
        dScale += (dy[plane + p]! * (x[plane + p]! - mean)) / deviation;
      }
    }
    for (let n = 0; n < N; n++) {
      const plane = (n * C + c) * P;
      for (let p = 0; p < P; p++) {
        const normalised = (x[plane + p]! - mean) / deviation; // x̂
        dx[plane + p] = (scale[c]! / deviation) * (dy[plane + p]! - dShift / M - (normalised * dScale) / M);
      }
    }
    dScales[c] = dScale;
    dShifts[c] = dShift;
  }
};
