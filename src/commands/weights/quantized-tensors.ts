// A quantised model at rest: filters as I8 under their names, what a level of each filter is worth as `<weight>.scale` F32 [O], biases F32
// in units of their sums, everything else F32; what the bytes between are worth (ranges) in the metadata.
import { FormatError, UsageError } from "../../base/errors.ts";
import { formatShape, sameShape } from "../../base/shape.ts";
import { type HostTensor, type NamedTensors, tensor } from "../../base/tensor.ts";
import { type Quantization, quantizeAs } from "../../passes/quantize/quantization.ts";
import type { ResNetSpec } from "../../spec/spec.ts";
import { foldedGraph } from "../../train/look-at-activations.ts";
import type { TrainedModel } from "../trained-model.ts";

const scaleOf = (weight: string): string => `${weight}.scale`;

/** The tensors of a model's file. */
export const storedTensors = ({
  tensors,
  quantization,
}: Pick<TrainedModel, "tensors" | "quantization">): NamedTensors => {
  if (quantization === undefined) return tensors;
  const scales = Object.entries(quantization.filterScales).map(
    ([weight, numbers]) => [scaleOf(weight), tensor("f32", [numbers.length], Float32Array.from(numbers))] as const,
  );
  return new Map([...tensors, ...scales]);
};

/** What levels of filters are worth: f32, each a finite number above 0. Throws FormatError. */
const readScales = (name: string, { dtype, data }: HostTensor, file: string): readonly number[] => {
  if (dtype !== "f32") throw new FormatError(file, `its tensor ${name} is ${dtype}, but f32 in a quantised network`);
  const wrong = data.findIndex((scale) => !(scale > 0 && scale < Number.POSITIVE_INFINITY));
  if (wrong === -1) return Array.from(data);
  throw new FormatError(
    file,
    `its tensor ${name} holds ${data[wrong]} (number ${wrong}), but what a level is worth is above 0`,
  );
};

const refuseNonFinite = (name: string, { dtype, data }: HostTensor, file: string): void => {
  const wrong = dtype === "f32" ? data.findIndex((number) => !Number.isFinite(number)) : -1;
  if (wrong === -1) return;
  throw new FormatError(file, `its tensor ${name} holds ${data[wrong]} (number ${wrong}); it should be finite`);
};

/** What lies in the file of a quantised model. Throws FormatError where tensors or ranges are not those of its network, or not finite. */
export const readQuantized = (
  spec: ResNetSpec,
  ranges: Quantization["ranges"],
  stored: NamedTensors,
  file: string,
): Pick<TrainedModel, "tensors"> & { readonly quantization: Quantization } => {
  const find = (name: string): HostTensor => {
    const found = stored.get(name);
    if (found === undefined) throw new FormatError(file, `has no tensor ${name}, which a quantised ${spec.name} has`);
    return found;
  };
  const folded = foldedGraph(spec, 1);
  const filterScales = Object.fromEntries(
    folded.nodes.flatMap((node) => {
      if (node.kind !== "conv2d") return [];
      const { name } = node.operands.weight;
      const scales = scaleOf(name);
      return [[name, readScales(scales, find(scales), file)] as const];
    }),
  );
  const quantization = { ranges, filterScales };
  const tensors = new Map(
    quantizedStates(spec, quantization, file).map(({ name, dtype, shape }) => {
      const found = find(name);
      if (found.dtype === dtype && sameShape(found.shape, shape)) {
        refuseNonFinite(name, found, file);
        return [name, found] as const;
      }
      const [is, wanted] = [`${found.dtype} ${formatShape(found.shape)}`, `${dtype} ${formatShape(shape)}`];
      throw new FormatError(file, `its tensor ${name} is ${is}, but ${wanted} in a quantised ${spec.name}`);
    }),
  );
  return { tensors, quantization };
};

const quantizedStates = (spec: ResNetSpec, quantization: Quantization, file: string) => {
  try {
    return quantizeAs(foldedGraph(spec, 1), quantization).graph.states;
  } catch (error) {
    if (error instanceof Error) throw new FormatError(file, `is no quantised ${spec.name}: ${error.message}`);
    throw error;
  }
};

/** Throws UsageError for a quantised model where weights in f32 are needed; `purpose`: "train further". */
export const refuseQuantized = (
  { quantization }: Pick<TrainedModel, "quantization">,
  weights: string,
  purpose: string,
): void => {
  if (quantization === undefined) return;
  throw new UsageError(
    `${weights} is quantised: its weights are bytes, from which nobody can ${purpose}; take those it was made from`,
  );
};
