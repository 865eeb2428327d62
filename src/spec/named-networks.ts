// Specs by name. The table of families is in families.ts; anything else is a spec of its own.
import { UsageError } from "../base/errors.ts";
import { nearest } from "../base/nearest.ts";
import { ablations, type Family, families } from "./families.ts";
import { parseSpec } from "./parse-spec.ts";
import type { ResNetSpec, SpecOptions } from "./spec.ts";

export type { SpecOptions } from "./spec.ts";

interface Named {
  readonly name: string;
  readonly family: string;
  readonly fields: object;
}

/** Every size with the family's own shortcuts, then every size with each other option. */
const ofFamily = ([name, family, benchmark, block, sizes, shortcut, other, letters = ""]: Family): readonly Named[] => {
  const own = Object.entries(sizes).map(([size, blocks]) => {
    const { title, widths, ...shapes } = benchmark;
    const stages = blocks.map((count, s) => ({ blocks: count, width: widths[s], stride: s === 0 ? 1 : 2 }));
    const fields = { ...shapes, stages, block, shortcut, ...other };
    return { name: name.replace("#", size), family: `${title}${family}`, fields };
  });
  const options = [...letters].filter((letter) => letter !== shortcut);
  const withOption = (letter: string): readonly Named[] =>
    own.map((network) => ({
      name: `${network.name}-${letter.toLowerCase()}`,
      family: `${network.family}, option ${letter}`,
      fields: { ...network.fields, shortcut: letter },
    }));
  return [...own, ...options.flatMap(withOption)];
};

const ofAblation = (base: Named, tables: readonly number[]): readonly Named[] =>
  ablations
    .filter(([, table]) => tables.includes(table))
    .map(([suffix, , options]) => ({
      name: `${base.name}-${suffix}`,
      family: `${base.family}, ablation`,
      fields: { ...base.fields, ...options },
    }));

const ordinary = families.flatMap(ofFamily);
const networks: readonly Named[] = [
  ...ordinary,
  ...ordinary.filter(({ name }) => name === "resnet110").flatMap((base) => ofAblation(base, [1, 2])),
  ...ordinary.filter(({ name }) => name === "resnet164").flatMap((base) => ofAblation(base, [2])),
];

/** Every named network with the family it belongs to, ImageNet's before CIFAR's, ablations last. */
export const namedNetworks: readonly { readonly name: string; readonly family: string }[] = networks.map(
  ({ name, family }) => ({ name, family }),
);

/** A family's own option may be written out: resnet18-b is resnet18. */
const aliases: Readonly<Record<string, string>> = Object.fromEntries(
  families.flatMap(([name, , , , sizes, shortcut, , letters]) =>
    letters === undefined
      ? []
      : Object.keys(sizes).map((size) => [
          `${name}${shortcut}`.replace("#", size).toLowerCase(),
          name.replace("#", size),
        ]),
  ),
);

/** Names compare without case, `-` and `_`: `ResNet-50_v1` is `resnet50_v1`. */
const key = (name: string): string => name.toLowerCase().replaceAll(/[-_]/g, "");
const networksByKey: ReadonlyMap<string, Named> = new Map(networks.map((network) => [key(network.name), network]));

/** Names for an error: not dozens of them. */
const shownAtMost = 12;

/**
 * The spec of a named network, with some fields set otherwise: `input` [channels, height, width] and `classes` most
 * often. The name is accepted with `-` or `_` between its parts.
 *
 * Throws UsageError for an unknown name (it says the nearest known one) and for fields that don't make a network.
 */
export const namedSpec = (name: string, options: SpecOptions = {}): ResNetSpec => {
  const network = networksByKey.get(aliases[key(name)] ?? key(name));
  if (network === undefined) {
    const names = networks.map(({ name: known }) => known);
    const near = nearest(name, names);
    const known = `known are ${names.slice(0, shownAtMost).join(", ")} … (residual models lists all ${names.length})`;
    throw new UsageError(`unknown model "${name}"; ${near === null ? known : `did you mean "${near}"?`}`);
  }
  return parseSpec({ name: network.name, ...network.fields, ...options }, network.name);
};

/**
 * The spec of a ResNet by its depth in layers, or of any named network by its name.
 *
 *   resnet(20, { input: [1, 28, 28], classes: 10 })    a CIFAR network on Fashion-MNIST
 *   resnet(34, { shortcut: "C" })                      projections everywhere, as in Table 3 of the paper
 *
 * 20, 32, 44, 56, 110 and 1202 are the CIFAR networks; 18, 34, 50, 101, 152 and 200 ImageNet's, from 50 on v1.5. Errors as
 * namedSpec's.
 */
export const resnet = (depthOrName: number | string, options: SpecOptions = {}): ResNetSpec =>
  namedSpec(typeof depthOrName === "number" ? `resnet${depthOrName}` : depthOrName, options);
