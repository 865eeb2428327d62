// Safetensors files as an adversary would make them.

/** A file with any header text, as an adversary would make it. */
export const fileOf = (header: string, dataBytes = 0, length = new TextEncoder().encode(header).length): Uint8Array => {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(json, 8);
  return bytes;
};

/** A tensor's entry in a header. */
export const entry = (name: string, dtype: string, shape: unknown, offsets: unknown): string =>
  `"${name}":{"dtype":"${dtype}","shape":${JSON.stringify(shape)},"data_offsets":${JSON.stringify(offsets)}}`;
