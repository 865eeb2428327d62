// Which form a gradient by the weights is computed in (weight-gradient-forms.ts): measured, where the program is compiled with measured
// choices, each form with all it brings; else as it is.
import type { Argument, MemoryDescriptor } from "../dnnl.ts";
import type { Lowering } from "../lowering.ts";
import type { Physical } from "../physical.ts";
import { chooseForm, type Form, formKey } from "./choose-form.ts";
import type { ConvolutionImplementation, ConvolutionLayer } from "./convolution-layer.ts";
import { type FormTensor, type WeightGradientForm, weightGradientForms } from "./weight-gradient-forms.ts";

/** What bringing tensors into another layout counts for: in a network they are no longer in the cache. */
const reorderWeight = 1.5;

/** The fastest form; null where the gradient is best computed as it is. */
export const chooseWeightGradient = (
  context: Lowering,
  layer: ConvolutionLayer,
  chosen: ConvolutionImplementation,
): WeightGradientForm | null => {
  const { choices } = context.options;
  if (choices === undefined) return null;
  const forms = weightGradientForms(context, layer, chosen);
  if (forms.length === 0) return null;
  const { dnnl } = context;
  const [x, y] = [dnnl.image(layer.x, "nChw16c", "bf16"), dnnl.image(layer.y, "nChw16c", "bf16")];
  const dWeight = chosen.primitive.layoutOf("dWeight");
  const tensors: readonly (readonly [Argument, MemoryDescriptor])[] = [
    ["x", x],
    ["dy", y],
    ...(dWeight ? [["dWeight", dWeight] as const] : []),
  ];
  const asItIs: Form = {
    name: `by rule: ${chosen.primitive.implementation}`,
    milliseconds: (best) => choices.scratch.time(chosen.primitive, tensors, best),
  };
  const timed = forms.map((form) => ({
    form,
    name: `${form.name}: ${form.steps.map(({ primitive }) => primitive.implementation).join(" + ")}`,
    milliseconds: (best: number) =>
      form.steps.reduce((sum, step) => {
        if (sum >= best) return sum;
        const weight = step.brings === null ? 1 : reorderWeight;
        const each = step.tensors.map(([argument, , descriptor]) => [argument, descriptor] as const);
        return sum + weight * choices.scratch.time(step.primitive, each, (best - sum) / weight);
      }, 0),
  }));
  return chooseForm(choices, formKey(choices.setting, "backwardWeight", layer), asItIs, timed)?.form ?? null;
};

/** Emits a form's calls. */
export const computeWeightGradient = (
  context: Lowering,
  { steps }: WeightGradientForm,
  given: Readonly<Record<"x" | "dy" | "dWeight", Physical>>,
): void => {
  const places = new Map<FormTensor, Physical>([
    ["x", given.x],
    ["dy", given.dy],
    ["dWeight", given.dWeight],
  ]);
  const placeOf = (tensor: FormTensor, descriptor: MemoryDescriptor): Physical => {
    const known = places.get(tensor);
    if (known !== undefined) return known;
    const made = context.temporary(tensor, descriptor, [descriptor.bytes]);
    places.set(tensor, made);
    return made;
  };
  for (const { primitive, tensors, brings } of steps) {
    const node = brings === null ? context.where : `${context.where} (reorder of ${brings})`;
    const args = tensors.map(
      ([argument, tensor, descriptor]) => [argument, { ...placeOf(tensor, descriptor), descriptor }] as const,
    );
    context.call(primitive, args, node);
  }
};
