// The words of `residual data pack`, and how its answer reads.
import { type Command, InvalidArgumentError, Option } from "commander";
import { packData } from "../commands/data/pack.ts";
import { formatCount } from "../commands/report/format.ts";
import type { AddCommand, InSession } from "./data-commands.ts";
import { answer, type Session } from "./session.ts";
import { formatBytes } from "./units.ts";

/** 1000000, 512M, 2G: binary units. */
const bytesOf = (text: string): number => {
  const match = /^(\d+(?:\.\d+)?)([KMG]?)i?B?$/i.exec(text.trim());
  if (match === null) throw new InvalidArgumentError("It should be a number of bytes, such as 256M.");
  const unit = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }[(match[2] ?? "").toUpperCase()] ?? 1;
  return Math.floor(Number(match[1]) * unit);
};

interface Pack {
  readonly json?: true;
  readonly shards: string;
  readonly shardBytes?: number;
}

const answerPack = async (data: string, { shards, shardBytes }: Pack, session: Session): Promise<void> => {
  const options = { data, shards, ...(shardBytes !== undefined && { shardBytes }) };
  const document = await packData(options, session.environment);
  const { folder, origin, images, bytes, classes, leftOut } = document;
  const without = leftOut.length === 0 ? "" : `; ${formatCount(leftOut.length)} that can't be used are left out`;
  answer(session, document, () => [
    `data      ${origin}`,
    `shards    ${formatCount(document.shards.length)} in ${folder}: ${formatCount(images)} images of ${formatCount(classes)} classes, ${formatBytes(bytes)}${without}`,
  ]);
};

/** `residual data pack`, in the group `data`. */
export const addPackCommand = (data: Command, command: AddCommand, inSession: InSession): void => {
  command(
    "pack <data>",
    "writes any data set as tar shards (WebDataset); <data> is a name or a path",
    [
      new Option("--shards <folder>", "the folder to be made").makeOptionMandatory(),
      new Option("--shard-bytes <n>", "largest shard, such as 256M (default) or 1G").argParser(bytesOf),
    ],
    data,
  ).action((path: string, options: Pack) =>
    inSession(options.json === true, async (session) => {
      await answerPack(path, options, session);
      return undefined;
    }),
  );
};
