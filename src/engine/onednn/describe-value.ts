// A value's type and layout in the library's words.
import type { ValueDType } from "../../base/dtype.ts";
import { UnsupportedError } from "../../base/errors.ts";
import type { ImageShape, Shape } from "../../base/shape.ts";
import type { Dnnl, ElementType, ImageLayout, MemoryDescriptor } from "./dnnl.ts";

export const isImage = (shape: Shape): shape is ImageShape => shape.length === 4;

/** Throws UnsupportedError, for the node `where`, for types that the library can't compute with on this processor. */
export const elementTypeOf = (dnnl: Dnnl, dtype: ValueDType, where: string): ElementType => {
  if (dtype === "f64") throw new UnsupportedError("onednn", where, "it computes in f32 and bf16, not in f64");
  if (dtype === "bf16" && dnnl.bf16 === "none") {
    const reason = "oneDNN computes in bf16 only on processors with AVX-512, which this one lacks; take --dtype f32";
    throw new UnsupportedError("onednn", where, reason);
  }
  if ((dtype === "i8" || dtype === "u8") && !dnnl.int8) {
    const reason =
      "it computes on bytes only with AVX-512's instructions for them (VNNI), which this processor lacks; " +
      "take the weights in f32 that these were made from, or --engine reference";
    throw new UnsupportedError("onednn", where, reason);
  }
  return dtype;
};

/** Layouts other than row-major are for images of numbers. */
export const descriptorOf = (dnnl: Dnnl, shape: Shape, type: ElementType, layout: ImageLayout): MemoryDescriptor =>
  type !== "i32" && layout !== "plain" && isImage(shape) ? dnnl.image(shape, layout, type) : dnnl.plain(shape, type);
