// onnxruntime for tests, or why this platform has none: then what needs it is skipped, and says so.
import { type HostTensor, tensor } from "../../src/base/tensor.ts";

export interface OnnxRuntime {
  readonly version: string;
  /** What a file makes of images [N, C, H, W] under the names of its input and its output. One thread. */
  run(
    file: Uint8Array,
    images: HostTensor<"f32">,
  ): Promise<{ readonly output: string; readonly logits: HostTensor<"f32"> }>;
}

export const openOnnxRuntime = async (): Promise<OnnxRuntime | string> => {
  let loaded: typeof import("onnxruntime-node");
  try {
    loaded = await import("onnxruntime-node");
  } catch (error) {
    const reason = `onnxruntime-node can't be loaded here: ${error instanceof Error ? error.message : error}`;
    console.warn(`not tested: ${reason}`);
    return reason;
  }
  const { InferenceSession, Tensor, env } = loaded;
  return {
    version: env.versions.node ?? "unknown",
    run: async (file, images) => {
      const session = await InferenceSession.create(file, {
        intraOpNumThreads: 1,
        interOpNumThreads: 1,
        logSeverityLevel: 3,
      });
      try {
        const [input = "", output = ""] = [session.inputNames[0], session.outputNames[0]];
        const made = (await session.run({ [input]: new Tensor("float32", images.data, images.shape) }))[output];
        if (made === undefined || !(made.data instanceof Float32Array)) throw new Error(`no f32 output ${output}`);
        return { output, logits: tensor("f32", made.dims, Float32Array.from(made.data)) };
      } finally {
        await session.release();
      }
    },
  };
};
