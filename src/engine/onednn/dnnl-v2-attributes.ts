// The attributes of a primitive of oneDNN 2.6–2.7: the caller's scratchpad, scales, and what is done to a result on its way to memory.
import type { Combination, PostOp, Requantization } from "./dnnl.ts";
import { algorithms, argumentNumbers, dataTypes } from "./dnnl-v2-numbers.ts";
import type { NativeCalls } from "./dnnl-v2-primitives.ts";

/** What is done to a result on its way to memory. */
export interface Ending {
  readonly combination?: Combination;
  readonly postOp?: PostOp;
  readonly requantization?: Requantization;
  /** Every element times this. */
  readonly factor?: number;
  /** As a binary operation's. */
  readonly factors?: readonly [number, number, number];
}

/** One factor for all elements has mask 0; one a channel, the axis 1 of a result, has that axis' bit. */
const setOutputScales = (
  { functions, check }: NativeCalls,
  attributes: object,
  where: string,
  ending: Ending,
): void => {
  const { factor, requantization } = ending;
  const scales = requantization?.factors ?? (factor === undefined ? [] : [factor]);
  if (scales.length === 0) return;
  const status = functions.outputScales(
    attributes,
    scales.length,
    requantization ? 1 << 1 : 0,
    Float32Array.from(scales),
  );
  check(status, "dnnl_primitive_attr_set_output_scales", where);
};

/** Attributes with the caller's scratchpad and an ending; `use` must not keep them. */
export const withAttributes = (
  native: NativeCalls,
  ending: Ending,
  where: string,
  use: (attributes: object) => object,
): object => {
  const { combination, postOp = "nothing", requantization, factors } = ending;
  const sum = requantization?.accumulate;
  const accumulates = postOp === "accumulate" || postOp === "accumulateRelu";
  const relu = requantization?.relu ?? (postOp === "relu" || postOp === "accumulateRelu");
  const { functions, created, check } = native;
  const attributes = created("dnnl_primitive_attr_create", where, functions.attributes);
  const postOps = created("dnnl_post_ops_create", where, functions.postOps);
  try {
    check(functions.scratchpadMode(attributes, 1), "dnnl_primitive_attr_set_scratchpad_mode", where);
    setOutputScales(native, attributes, where, ending);
    factors?.slice(0, 2).forEach((factor, operand) => {
      const argument = argumentNumbers[operand === 0 ? "x" : "x1"];
      check(
        functions.scales(attributes, argument, 1, 0, Float32Array.of(factor)),
        "dnnl_primitive_attr_set_scales",
        where,
      );
    });
    // In the order in which they are done; the combination comes first, for its tensor's number counts from there, then the sum.
    if (combination !== undefined) {
      const { operation, operand } = combination;
      const status = functions.postOpBinary(postOps, algorithms[operation], operand.native);
      check(status, "dnnl_post_ops_append_binary", where);
    }
    if (accumulates) check(functions.postOpSum(postOps, factors?.[2] ?? 1), "dnnl_post_ops_append_sum", where);
    if (sum)
      check(functions.postOpSumOfType(postOps, sum.scale, dataTypes[sum.type]), "dnnl_post_ops_append_sum_v2", where);
    if (relu) check(functions.postOpEltwise(postOps, 1, algorithms.relu, 0, 0), "dnnl_post_ops_append_eltwise", where);
    if (combination || accumulates || sum || relu)
      check(functions.setPostOps(attributes, postOps), "dnnl_primitive_attr_set_post_ops", where);
    return use(attributes);
  } finally {
    functions.destroyPostOps(postOps);
    functions.destroyAttributes(attributes);
  }
};
