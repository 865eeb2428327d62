// A network as another program wrote it down, in the few terms that residual networks need: what the readers of Keras and ONNX
// make, and what recognise.ts turns into a spec and tensors. Layouts are ours already: filters OIHW, dense weights [out, in].
import type { HostTensor } from "../../base/tensor.ts";
import type { MapShape } from "../../spec/spec.ts";

type Weight = HostTensor<"f32">;

/** What each kind of node holds. Kernels, strides and paddings are square and symmetric: readers refuse others. */
export interface SourceNodes {
  conv: {
    readonly weight: Weight;
    readonly bias: Weight | null;
    readonly stride: number;
    readonly padding: number;
    readonly groups: number;
  };
  batchNorm: {
    readonly epsilon: number;
    /** PyTorch's: the weight of the new batch. */
    readonly momentum: number;
    readonly scale: Weight;
    readonly shift: Weight;
    readonly mean: Weight;
    readonly variance: Weight;
  };
  relu: Record<never, never>;
  maxPool: { readonly kernel: number; readonly stride: number; readonly padding: number };
  /** Every stride-th pixel, between `before` and `after` channels of zeros. */
  zeroPad: { readonly stride: number; readonly before: number; readonly after: number };
  add: Record<never, never>;
  /** The mean of each channel over the whole map. */
  globalAveragePool: Record<never, never>;
  dense: { readonly weight: Weight; readonly bias: Weight | null };
}
export type SourceKind = keyof SourceNodes;

/** `inputs` are names of earlier nodes, or "input". Names are the other program's, for errors. */
export type SourceNode<K extends SourceKind = SourceKind> = {
  [P in K]: { readonly kind: P; readonly name: string; readonly inputs: readonly string[] } & SourceNodes[P];
}[K];

export interface SourceGraph {
  /** What errors call it. */
  readonly file: string;
  /** Of one image; null where the file leaves height and width open. */
  readonly input: MapShape | null;
  /** In an order in which they can run; the last one gives the logits. */
  readonly nodes: readonly SourceNode[];
}

/** Whether a node is of a kind, for `find` and `filter`. */
export const isKind =
  <K extends SourceKind>(kind: K) =>
  (node: SourceNode): node is Extract<SourceNode, { readonly kind: K }> =>
    node.kind === kind;
