// A bf16 convolution's gradient by its data as a forward pass with mirrored weights, where no stride leaves pixels out:
//
//   dx[n, i, p, q] = Σ weight[o, i, U − 1 − u, V − 1 − v] · dy[n, o, p + u − (U − 1 − top), q + v − (V − 1 − left)]     over o, u, v
//
// The library's code for small images is faster there (docs/records/bf16-training.md). Weights are mirrored as they are brought into the
// layout of that pass, one place of the window after the other.
import { UnsupportedError } from "../../../base/errors.ts";
import type { FilterShape } from "../../../base/shape.ts";
import type { Value } from "../../../graph/value.ts";
import { slowCodeOf } from "../../slow-code.ts";
import type { MemoryDescriptor, Primitive } from "../dnnl.ts";
import type { Lowering } from "../lowering.ts";
import type { Physical } from "../physical.ts";
import { chooseForm, type Form, formKey } from "./choose-form.ts";
import { type ConvolutionImplementation, type ConvolutionLayer, descriptionOf } from "./convolution-layer.ts";

/** The forward pass, and how its weights lie. */
interface Mirrored {
  readonly primitive: Primitive;
  readonly wanted: MemoryDescriptor;
}

/** Mirroring takes a call for each place of the window, and so much longer than a reorder as a whole. */
const mirroring = 1.6;
const blocked = ["nChw16c", "nChw16c"] as const;
/** Of filters: input and output channels change places. */
const transposed = [1, 0, 2, 3] as const;

/** The forward pass that computes a gradient by the data; null where there is none, or no fast code. */
const forwardPass = (
  context: Lowering,
  { x, y, filter: [, , u, v], params, type }: ConvolutionLayer,
): Mirrored | null => {
  const { top, left, bottom, right } = params.padding;
  const padding = { top: u - 1 - top, left: v - 1 - left, bottom: u - 1 - bottom, right: v - 1 - right };
  const filter: FilterShape = [x[1], y[1], u, v];
  const layer: ConvolutionLayer = { pass: "training", x: y, filter, y: x, params: { ...params, padding }, type };
  if (Object.values(padding).some((rows) => rows < 0)) return null;
  try {
    const primitive = context.describe(descriptionOf(context.dnnl, layer, { type, layouts: blocked }, "direct"));
    const wanted = primitive.layoutOf("weight");
    return wanted === null || slowCodeOf(primitive.implementation) !== null ? null : { primitive, wanted };
  } catch (error) {
    if (error instanceof UnsupportedError) return null;
    throw error;
  }
};

/** The forward pass where it was measured to be faster; null elsewhere. */
export const chooseMirrored = (
  context: Lowering,
  layer: ConvolutionLayer,
  { layouts, primitive: backward }: ConvolutionImplementation,
  weight: Value<FilterShape>,
): Mirrored | null => {
  const { dnnl, options, where } = context;
  const { choices } = options;
  const { x, y, filter, params, type } = layer;
  const [, , u, v] = filter;
  const whole = params.groups === 1 && x[1] % 16 === 0 && y[1] % 16 === 0;
  const isApt = whole && type === "bf16" && u * v > 1 && params.stride.every((pixels) => pixels === 1);
  if (choices === undefined || !isApt || layouts.some((layout) => layout !== "nChw16c")) return null;
  const mirrored = forwardPass(context, layer);
  const back = backward.layoutOf("weight");
  if (mirrored === null || back === null) return null;
  const { primitive, wanted } = mirrored;
  const [dx, dy] = [dnnl.image(x, "nChw16c", type), dnnl.image(y, "nChw16c", type)];
  const from = context.asIs(weight).descriptor;
  const asItIs: Form = {
    name: `by rule: ${backward.implementation}`,
    milliseconds: (best) => {
      const tensors = [["dy", dy] as const, ["weight", back] as const, ["dx", dx] as const];
      return choices.scratch.timeReorder(from, back, where) + choices.scratch.time(backward, tensors, best);
    },
  };
  const form: Form = {
    name: `mirrored: ${primitive.implementation}`,
    milliseconds: (best) => {
      const tensors = [["x", dy] as const, ["weight", wanted] as const, ["y", dx] as const];
      const reorder = choices.scratch.timeReorder(from, dnnl.permuted(wanted, transposed), where);
      return mirroring * reorder + choices.scratch.time(primitive, tensors, best);
    },
  };
  const chosen = chooseForm(choices, formKey(choices.setting, "backwardData", layer), asItIs, [form]);
  return chosen === null ? null : mirrored;
};

/** Emits the forward pass. */
export const computeMirrored = (
  context: Lowering,
  { primitive, wanted }: Mirrored,
  weight: Value<FilterShape>,
  dy: Physical,
  dx: Physical,
): void => {
  const { dnnl, where } = context;
  const [o, i, u, v] = weight.shape;
  const from = context.asIs(weight);
  const weights = context.temporary("mirrored weights", wanted, [wanted.bytes]);
  const to = dnnl.permuted(wanted, transposed);
  for (let place = 0; place < u * v; place++) {
    const [row, column] = [Math.floor(place / v), place % v];
    const source = dnnl.part(from.descriptor, [o, i, 1, 1], [0, 0, row, column], where);
    const target = dnnl.part(to, [o, i, 1, 1], [0, 0, u - 1 - row, v - 1 - column], where);
    const ends = [
      { ...from, descriptor: source },
      { ...weights, descriptor: target },
    ] as const;
    context.reorder(...ends, `${where} (reorder of ${weight.name})`);
  }
  context.call(primitive, [
    ["x", dy],
    ["weight", weights],
    ["y", dx],
  ]);
};
