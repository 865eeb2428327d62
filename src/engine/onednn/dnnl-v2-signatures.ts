// The functions of oneDNN 2.6–2.7 that describe primitives, as koffi declares them. Descriptors (`d`, `x`, `y` …) are opaque.

/** Any of the library's functions that answer with a status. */
export type NativeFunction = (...args: unknown[]) => number;

const signatures = {
  convolution:
    "int dnnl_dilated_convolution_forward_desc_init(void *d, int prop, int alg, void *x, void *w, void *b, void *y, int64_t *stride, int64_t *dilation, int64_t *low, int64_t *high)",
  convolutionBackwardData:
    "int dnnl_convolution_backward_data_desc_init(void *d, int alg, void *dx, void *w, void *dy, int64_t *stride, int64_t *low, int64_t *high)",
  convolutionBackwardWeight:
    "int dnnl_convolution_backward_weights_desc_init(void *d, int alg, void *x, void *dw, void *db, void *dy, int64_t *stride, int64_t *low, int64_t *high)",
  batchNorm: "int dnnl_batch_normalization_forward_desc_init(void *d, int prop, void *x, float epsilon, uint flags)",
  batchNormBackward:
    "int dnnl_batch_normalization_backward_desc_init(void *d, int prop, void *dx, void *x, float epsilon, uint flags)",
  eltwise: "int dnnl_eltwise_forward_desc_init(void *d, int prop, int alg, void *x, float alpha, float beta)",
  eltwiseBackward: "int dnnl_eltwise_backward_desc_init(void *d, int alg, void *dx, void *x, float alpha, float beta)",
  pooling:
    "int dnnl_pooling_forward_desc_init(void *d, int prop, int alg, void *x, void *y, int64_t *stride, int64_t *kernel, int64_t *low, int64_t *high)",
  poolingBackward:
    "int dnnl_pooling_backward_desc_init(void *d, int alg, void *dx, void *dy, int64_t *stride, int64_t *kernel, int64_t *low, int64_t *high)",
  dense: "int dnnl_inner_product_forward_desc_init(void *d, int prop, void *x, void *w, void *b, void *y)",
  denseBackwardData: "int dnnl_inner_product_backward_data_desc_init(void *d, void *dx, void *w, void *dy)",
  denseBackwardWeight:
    "int dnnl_inner_product_backward_weights_desc_init(void *d, void *x, void *dw, void *db, void *dy)",
  binary: "int dnnl_binary_desc_init(void *d, int alg, void *a, void *b, void *y)",
  sum: "int dnnl_sum_primitive_desc_create(_Out_ void **pd, void *y, int n, float *scales, void *xs, void *attr, void *engine)",
  concatenation:
    "int dnnl_concat_primitive_desc_create(_Out_ void **pd, void *y, int n, int axis, void *xs, void *attr, void *engine)",
  reorder:
    "int dnnl_reorder_primitive_desc_create(_Out_ void **pd, void *from, void *fromEngine, void *to, void *toEngine, void *attr)",
  describe: "int dnnl_primitive_desc_create(_Out_ void **pd, void *operation, void *attr, void *engine, void *hint)",
  iterator:
    "int dnnl_primitive_desc_iterator_create(_Out_ void **iterator, void *operation, void *attr, void *engine, void *hint)",
  iteratorNext: "int dnnl_primitive_desc_iterator_next(void *iterator)",
  destroyIterator: "int dnnl_primitive_desc_iterator_destroy(void *iterator)",
  attributes: "int dnnl_primitive_attr_create(_Out_ void **attr)",
  scratchpadMode: "int dnnl_primitive_attr_set_scratchpad_mode(void *attr, int mode)",
  outputScales: "int dnnl_primitive_attr_set_output_scales(void *attr, int64_t count, int mask, void *scales)",
  scales: "int dnnl_primitive_attr_set_scales(void *attr, int argument, int64_t count, int mask, void *scales)",
  setPostOps: "int dnnl_primitive_attr_set_post_ops(void *attr, void *ops)",
  postOps: "int dnnl_post_ops_create(_Out_ void **ops)",
  postOpSum: "int dnnl_post_ops_append_sum(void *ops, float scale)",
  postOpSumOfType: "int dnnl_post_ops_append_sum_v2(void *ops, float scale, int type)",
  postOpEltwise: "int dnnl_post_ops_append_eltwise(void *ops, float scale, int alg, float alpha, float beta)",
  postOpBinary: "int dnnl_post_ops_append_binary(void *ops, int alg, void *operand)",
  destroyAttributes: "int dnnl_primitive_attr_destroy(void *attr)",
  destroyPostOps: "int dnnl_post_ops_destroy(void *ops)",
} as const;

export type DescribingFunctions = { readonly [F in keyof typeof signatures]: NativeFunction };

export const bindDescribingFunctions = (bind: (signature: string) => NativeFunction): DescribingFunctions => ({
  convolution: bind(signatures.convolution),
  convolutionBackwardData: bind(signatures.convolutionBackwardData),
  convolutionBackwardWeight: bind(signatures.convolutionBackwardWeight),
  batchNorm: bind(signatures.batchNorm),
  batchNormBackward: bind(signatures.batchNormBackward),
  eltwise: bind(signatures.eltwise),
  eltwiseBackward: bind(signatures.eltwiseBackward),
  pooling: bind(signatures.pooling),
  poolingBackward: bind(signatures.poolingBackward),
  dense: bind(signatures.dense),
  denseBackwardData: bind(signatures.denseBackwardData),
  denseBackwardWeight: bind(signatures.denseBackwardWeight),
  binary: bind(signatures.binary),
  sum: bind(signatures.sum),
  concatenation: bind(signatures.concatenation),
  reorder: bind(signatures.reorder),
  describe: bind(signatures.describe),
  iterator: bind(signatures.iterator),
  iteratorNext: bind(signatures.iteratorNext),
  destroyIterator: bind(signatures.destroyIterator),
  attributes: bind(signatures.attributes),
  scratchpadMode: bind(signatures.scratchpadMode),
  scales: bind(signatures.scales),
  setPostOps: bind(signatures.setPostOps),
  postOps: bind(signatures.postOps),
  postOpSum: bind(signatures.postOpSum),
  postOpSumOfType: bind(signatures.postOpSumOfType),
  outputScales: bind(signatures.outputScales),
  postOpEltwise: bind(signatures.postOpEltwise),
  postOpBinary: bind(signatures.postOpBinary),
  destroyAttributes: bind(signatures.destroyAttributes),
  destroyPostOps: bind(signatures.destroyPostOps),
});
