// Which network some tensors belong to, from their names and shapes alone. More than one may fit: a stride, an order of activation or
// the zeros of option A leave no trace in the tensors.
import { FormatError } from "../../base/errors.ts";
import { sameShape } from "../../base/shape.ts";
import type { NamedTensors } from "../../base/tensor.ts";
import { parameterTable } from "../../model/parameter-table.ts";
import { namedNetworks, namedSpec } from "../../spec/named-networks.ts";
import type { MapShape, ResNetSpec } from "../../spec/spec.ts";
import { type Renamed, toTorchvision } from "./rename.ts";

export interface RecognisedTensors extends Renamed {
  /**
   * Specs whose parameters are these tensors, in the order of `namedNetworks`: the likeliest first. Classes and input channels are
   * the tensors'; the input's height and width, which leave no trace, the named network's.
   */
  readonly candidates: readonly ResNetSpec[];
}

/** Batches that a batch norm has seen, in PyTorch's files; no network of ours has them. */
const isCount = (name: string): boolean => name.endsWith(".num_batches_tracked");

/** Blocks by stage, as the names count them: layer2.3 makes the second stage four long. */
const blocksByStage = (names: Iterable<string>): readonly number[] => {
  const blocks: number[] = [];
  for (const name of names) {
    const [, stage, block] = /^layer(\d{1,3})\.(\d{1,5})\./.exec(name) ?? [];
    if (stage === undefined || Number(stage) === 0) continue;
    const s = Number(stage) - 1;
    while (blocks.length <= s) blocks.push(0);
    blocks[s] = Math.max(blocks[s] ?? 0, Number(block) + 1);
  }
  return blocks;
};

const fits = (spec: ResNetSpec, tensors: NamedTensors, count: number): boolean => {
  const table = parameterTable(spec);
  return (
    table.length === count &&
    table.every(({ name, shape }) => {
      const given = tensors.get(name);
      return given !== undefined && given.dtype !== "i32" && sameShape(given.shape, shape);
    })
  );
};

/**
 * The named network as these tensors would have it: their classes and channels, and the zeros where their family has them. The
 * input's height and width, which leave no trace, are those of `size`, else the named network's. Throws UsageError as namedSpec.
 */
export const namedSpecFor = (name: string, { tensors, naming }: Renamed, size?: MapShape): ResNetSpec => {
  const plain = namedSpec(name);
  const [channels, classes] = [tensors.get("conv1.weight")?.shape[1], tensors.get("fc.weight")?.shape[0]];
  const [ofNetwork, height, width] = size ?? plain.input;
  const zeroPadding = plain.shortcut === "A" ? (naming.zeroPadding ?? plain.zeroPadding) : plain.zeroPadding;
  return namedSpec(name, {
    input: [channels ?? ofNetwork, height, width],
    classes: classes ?? plain.classes,
    zeroPadding,
  });
};

/** Recognises the family of names, then the named networks that have exactly these tensors, `num_batches_tracked` aside. */
export const recogniseTensors = (given: NamedTensors): RecognisedTensors => {
  const renamed = toTorchvision(given);
  const { tensors } = renamed;
  const isEmpty = (size: number | undefined): boolean => size === undefined || size === 0;
  if (isEmpty(tensors.get("fc.weight")?.shape[0]) || tensors.get("conv1.weight")?.shape[1] === 0) {
    return { ...renamed, candidates: [] };
  }
  const blocks = blocksByStage(tensors.keys());
  const count = [...tensors.keys()].filter((name) => !isCount(name)).length;
  const candidates: ResNetSpec[] = [];
  for (const { name } of namedNetworks) {
    const isAsLong = sameShape(
      namedSpec(name).stages.map((stage) => stage.blocks),
      blocks,
    );
    if (!isAsLong) continue; // before its table is made, which takes time for a thousand layers
    const spec = namedSpecFor(name, renamed);
    if (fits(spec, tensors, count)) candidates.push(spec);
  }
  return { ...renamed, candidates };
};

/** What tensors show that no spec here can have, for people. */
const foreign: readonly (readonly [is: (names: readonly string[]) => boolean, what: string])[] = [
  [
    (names) => names.some((name) => /^(conv1\.\d|stem\.conv\d)\./.test(name)),
    "their stem is several convolutions, as ResNet-D's",
  ],
  [
    (names) =>
      names.some((name) => /(norm|bn)\d?\.weight$/.test(name)) && !names.some((name) => name.endsWith("running_mean")),
    "their normalisations keep no running statistics, as group normalisation",
  ],
  [(names) => names.some((name) => /\.se\./.test(name)), "they squeeze and excite"],
];

/** Tensors that a named network has, or several. */
export interface RecognisedNetworks extends Renamed {
  readonly candidates: readonly [likeliest: ResNetSpec, ...others: ResNetSpec[]];
}

/** The same, or a FormatError for `file` where no named network has these tensors: it says what they look like. */
export const recogniseOrRefuse = (given: NamedTensors, file: string): RecognisedNetworks => {
  const recognised = recogniseTensors(given);
  const [likeliest, ...others] = recognised.candidates;
  if (likeliest !== undefined) return { ...recognised, candidates: [likeliest, ...others] };
  const blocks = blocksByStage(recognised.tensors.keys());
  const reason = foreign.find(([is]) => is([...recognised.tensors.keys()]));
  if (reason !== undefined)
    throw new FormatError(file, `its ${given.size} tensors are of a network that no spec here can be: ${reason[1]}`);
  const names = [...recognised.tensors.keys()].slice(0, 3).join(", ");
  const found =
    blocks.length === 0
      ? `its ${given.size} tensors (${names} …) are not those of a residual network`
      : `its ${given.size} tensors, with ${blocks.join(", ")} blocks, are those of no named network`;
  throw new FormatError(file, `${found}; name the network with --model, by a spec file if it is one of your own`);
};
