// A convolution's code chosen by measuring: every candidate is timed on memory of its own, with the reorders that it brings for images
// that lie otherwise. Where none is clearly faster than the rules' choice, that stays.
import { UnsupportedError } from "../../../base/errors.ts";
import type { ImageShape } from "../../../base/shape.ts";
import { slowCodeOf } from "../../slow-code.ts";
import type { Argument, ImageLayout, MemoryDescriptor, Primitive } from "../dnnl.ts";
import type { Lowering } from "../lowering.ts";
import type { Physical } from "../physical.ts";
import {
  type ConvolutionCandidate,
  type ConvolutionImplementation,
  type ConvolutionLayer,
  descriptionOf,
  isWrong,
} from "./convolution-layer.ts";
import { regrouped } from "./regroup.ts";

/** What another code has to save of the time of the rules' choice, to be taken instead: two runs differ by as much. */
const worthwhile = 0.97;
/** What reorders count for: in a network they read what is no longer in the cache, and drive out what is (docs/records/convolution-choice.md). */
const reorderWeight = 1.5;
/** Of the library's list for a convolution, so many are tried: what comes later is for other processors, or slow. */
const alternatives = [0, 1, 2] as const;

/** Everything that might be fastest, in no order. `algorithm`: the engine's. */
export const measuredCandidates = (
  { x, filter, y, pass, type, params: { groups } }: ConvolutionLayer,
  ruled: ConvolutionCandidate,
  algorithm: "direct" | "auto",
): readonly ConvolutionCandidate[] => {
  const blocks = (channels: number, by: number): boolean => channels % 16 === 0 && (channels / by) % 16 === 0;
  const layoutsFor = (by: number): readonly (readonly [ImageLayout, ImageLayout])[] => {
    const last = ["nhwc", "nhwc"] as const;
    const isBlocked = blocks(x[1], by) && blocks(y[1], by);
    const first: readonly [ImageLayout, ImageLayout] = isBlocked ? ["nChw16c", "nChw16c"] : ruled.layouts;
    return first[0] === "nhwc" && first[1] === "nhwc" ? [last] : [first, last];
  };
  const fewer = regrouped(x, filter, groups);
  const types = type === "bf16" && pass === "backwardWeight" && groups > 1 ? ([type, "f32"] as const) : [type];
  const algorithms = algorithm === "auto" ? (["auto", "direct"] as const) : (["direct"] as const);
  return (fewer === null ? [groups] : [groups, fewer]).flatMap((by) =>
    layoutsFor(by).flatMap((layouts) =>
      types.flatMap((each) =>
        algorithms.flatMap((convolution) =>
          alternatives.map((alternative) => ({
            type: each,
            layouts,
            algorithm: convolution,
            alternative,
            ...(by < groups && { groups: by }),
          })),
        ),
      ),
    ),
  );
};

const nameOf = (
  { type, layouts, algorithm = "direct", alternative = 0, groups }: ConvolutionCandidate,
  implementation: string,
): string => {
  const fewer = groups === undefined ? "" : ` in ${groups} groups`;
  return `${type} ${layouts.join(" ")} ${algorithm} ${alternative}${fewer}: ${implementation}`;
};

/** Where images lie that a convolution reads; null for what it makes. */
interface Given {
  readonly x: Pick<Physical, "layout" | "dtype" | "descriptor"> | null;
  readonly y: Pick<Physical, "layout" | "dtype" | "descriptor"> | null;
}

/** Where most neighbours want them: in blocks, or as the rules' choice does. */
const usually = (shape: ImageShape, ruled: ImageLayout): ImageLayout => (shape[1] % 16 === 0 ? "nChw16c" : ruled);

const givenOf = ({ dnnl }: Lowering, layer: ConvolutionLayer, ruled: ConvolutionCandidate): Given => {
  const { pass, x, y, type, given } = layer;
  const usual = (shape: ImageShape, by: ImageLayout) => {
    const layout = usually(shape, by);
    return { layout, dtype: type, descriptor: dnnl.image(shape, layout, type) };
  };
  return {
    x: pass === "backwardData" ? null : (given?.x ?? usual(x, ruled.layouts[0])),
    y: pass === "training" || pass === "inference" ? null : (given?.y ?? usual(y, ruled.layouts[1])),
  };
};

/** By what a choice is kept: everything that the time depends on but the processor. */
const keyOf = (setting: string, layer: ConvolutionLayer, given: Given, algorithm: "direct" | "auto"): string => {
  const { pass, x, filter, y, params, type, ending } = layer;
  const { stride, padding, groups } = params;
  const { top, left, bottom, right } = padding;
  const geometry = `stride ${stride.join("×")} padding ${[top, left, bottom, right].join(" ")} groups ${groups}`;
  const after = `${ending?.bias ? "bias " : ""}${ending?.postOp ?? "nothing"}`; // additions are never measured: withEnding
  const lies = (end: Given["x"]): string => (end === null ? "" : ` ${end.layout} ${end.dtype}`);
  const shapes = `${x.join("×")}${lies(given.x)}, ${filter.join("×")}, ${y.join("×")}${lies(given.y)}`;
  return `${setting}: ${pass} ${type} ${algorithm}: ${shapes}, ${geometry}, then ${after}`;
};

/** A primitive to measure; the caller destroys it. Null where the library has none, or one that must not be taken. */
const described = (context: Lowering, layer: ConvolutionLayer, candidate: ConvolutionCandidate): Primitive | null => {
  const { dnnl, options, where } = context;
  try {
    const primitive = dnnl.primitive(descriptionOf(dnnl, layer, candidate, options.convolution), where);
    const { implementation } = primitive;
    if (!isWrong(implementation, layer.x, layer.params.stride) && slowCodeOf(implementation) === null) return primitive;
    primitive.destroy();
    return null;
  } catch (error) {
    if (error instanceof UnsupportedError) return null;
    throw error;
  }
};

const tensorsOf = (
  context: Lowering,
  { pass, x, y, ending }: ConvolutionLayer,
  { type, layouts }: ConvolutionCandidate,
  primitive: Primitive,
): readonly (readonly [Argument, MemoryDescriptor])[] => {
  const [from, to] = [context.dnnl.image(x, layouts[0], type), context.dnnl.image(y, layouts[1], type)];
  const filters = (tensor: "weight" | "dWeight"): MemoryDescriptor => {
    const layout = primitive.layoutOf(tensor);
    if (layout === null) throw new UnsupportedError("onednn", context.where, `no layout for its ${tensor}`);
    return layout;
  };
  if (pass === "backwardData")
    return [
      ["dy", to],
      ["weight", filters("weight")],
      ["dx", from],
    ] as const;
  if (pass === "backwardWeight")
    return [
      ["x", from],
      ["dy", to],
      ["dWeight", filters("dWeight")],
    ] as const;
  const bias = ending?.bias ? ([["bias", ending.bias]] as const) : [];
  return [["x", from], ["weight", filters("weight")], ...bias, ["y", to]];
};

/** The milliseconds of the reorders that a candidate brings: of what it reads, and of what it makes, which others read in blocks. */
const reordersOf = (
  { dnnl, where, options: { choices } }: Lowering,
  { x, y, type }: ConvolutionLayer,
  given: Given,
  candidate: ConvolutionCandidate,
  ruled: ConvolutionCandidate,
): number => {
  const ends = [
    { shape: x, given: given.x, layout: candidate.layouts[0], usual: usually(x, ruled.layouts[0]) },
    { shape: y, given: given.y, layout: candidate.layouts[1], usual: usually(y, ruled.layouts[1]) },
  ];
  return ends.reduce((sum, end) => {
    const own = dnnl.image(end.shape, end.layout, candidate.type);
    const [from, to] = end.given === null ? [own, dnnl.image(end.shape, end.usual, type)] : [end.given.descriptor, own];
    return sum + (choices?.scratch.timeReorder(from, to, where) ?? 0);
  }, 0);
};

/** The candidate to take instead of the rules' choice, or that choice; null where the program is compiled by rule. */
export const measuredChoice = (
  context: Lowering,
  layer: ConvolutionLayer,
  ruled: ConvolutionImplementation,
): ConvolutionCandidate | null => {
  const { choices, convolution } = context.options;
  if (choices === undefined) return null;
  const given = givenOf(context, layer, ruled);
  const key = keyOf(choices.setting, layer, given, convolution);
  const candidates = measuredCandidates(layer, ruled, convolution);
  const ruledName = `by rule: ${ruled.primitive.implementation}`;

  const known = choices.known(key);
  if (known === ruledName) {
    choices.use(key, known);
    return null;
  }
  const remembered = candidates.find((candidate) => known?.startsWith(nameOf(candidate, "")));
  if (known !== null && remembered !== undefined) {
    const primitive = described(context, layer, remembered);
    const isSame = primitive !== null && nameOf(remembered, primitive.implementation) === known;
    primitive?.destroy();
    if (isSame) {
      choices.use(key, known);
      return remembered;
    }
  }

  let taken: ConvolutionCandidate | null = null;
  const measured = choices.measure(key, () => {
    const time = (primitive: Primitive, candidate: ConvolutionCandidate, best: number): number => {
      const reorders = reorderWeight * reordersOf(context, layer, given, candidate, ruled);
      return (
        reorders + choices.scratch.time(primitive, tensorsOf(context, layer, candidate, primitive), best - reorders)
      );
    };
    let [best, name] = [worthwhile * time(ruled.primitive, ruled, Number.POSITIVE_INFINITY), ruledName];
    const isWide = ruled.primitive.implementation.includes("avx512");
    const seen = new Set([codeOf(ruled, ruled.primitive)]);
    for (const candidate of candidates) {
      const primitive = described(context, layer, candidate);
      if (primitive === null) continue;
      const code = codeOf(candidate, primitive);
      const isNarrow = isWide && !primitive.implementation.includes("avx512");
      if (!seen.has(code) && !isNarrow) {
        seen.add(code);
        const milliseconds = time(primitive, candidate, best);
        if (milliseconds < best)
          [best, name, taken] = [milliseconds, nameOf(candidate, primitive.implementation), candidate];
      }
      primitive.destroy();
    }
    return name;
  });
  if (measured === null) choices.use(key, ruledName);
  return taken;
};

/** The same code on the same layouts, whatever it was come to by. */
const codeOf = ({ type, layouts, groups }: ConvolutionCandidate, { implementation }: Primitive): string =>
  [type, ...layouts, groups ?? "", implementation].join(" ");
