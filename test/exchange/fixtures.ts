// fixtures/exchange/: small files that PyTorch and numpy wrote, and what they hold; made by tools/exchange/make_fixtures.py.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { HostTensor, NamedTensors } from "../../src/base/tensor.ts";

const folder = new URL("../../../fixtures/exchange/", import.meta.url); // from dist/test/exchange

export const fixturePath = (name: string): string => fileURLToPath(new URL(name, folder));

/** In memory of its own, as a reader of files would hand it. */
export const fixtureBytes = (name: string): Uint8Array => new Uint8Array(readFileSync(fixturePath(name)));

interface Expected {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly values: readonly (number | string)[];
}

/** What a fixture holds, as plain data in the order of the file. */
export const expectedTensors = (name: string): readonly Expected[] => {
  const parsed: readonly Expected[] = JSON.parse(readFileSync(fixturePath(`${name}.golden.json`), "utf8"));
  return parsed.map(({ values, ...rest }) => ({ ...rest, values: values.map(Number) }));
};

/** Tensors as `expectedTensors` gives them. */
export const plain = (tensors: NamedTensors): readonly Expected[] =>
  [...tensors].map(([name, { dtype, shape, data }]: [string, HostTensor]) => ({
    name,
    dtype,
    shape,
    values: [...data],
  }));
