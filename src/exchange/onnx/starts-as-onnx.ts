// Whether bytes may be an ONNX file's first. Protobuf has no magic number; every writer begins with the model's first field, the version
// of the format, and goes on with another of its fields.

/** Tags of ModelProto's fields after the first: producer name and version, domain, model version, text, graph, operators. */
const secondTags: readonly number[] = [0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42];

/**
 * By the first few bytes. A safetensors file of a header of more than 1 MB could begin so, but its length has zeros in it, and a "{"
 * comes after.
 */
export const startsAsOnnx = (start: Uint8Array): boolean => {
  const [tag, version = 0, second = 0] = start;
  const isSafetensors = start[6] === 0 && start[7] === 0 && start[8] === 0x7b;
  return tag === 0x08 && version >= 1 && version < 0x80 && secondTags.includes(second) && !isSafetensors;
};
