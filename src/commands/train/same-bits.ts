// What a resumed run has otherwise than the run was begun with, so that its numbers come out otherwise in their last bits.
import type { ChosenEngine } from "../choose-engine.ts";
import type { RunRecord } from "../run-directory/run-record.ts";

/** One sentence for the person, or null where the run goes on bit by bit as if it had not stopped. */
export const differingBits = (
  record: Pick<RunRecord, "engine" | "threads" | "convolution" | "versions" | "hardware">,
  {
    engine,
    version,
    threads,
    convolution,
  }: Pick<ChosenEngine, "version" | "threads" | "convolution"> & {
    readonly engine: { readonly name: string };
  },
  cpu: string,
): string | null => {
  const then = record.versions[record.engine] ?? null;
  const pairs = [
    ["engine", record.engine, engine.name],
    ["threads", record.threads, threads],
    ["algorithm of convolutions", record.convolution ?? "direct", convolution],
    ["library", then, version],
    ["processor", record.hardware.cpu, cpu],
  ] as const;
  const changes = pairs
    .filter(([what, before, now]) => before !== now && !(what === "library" && record.engine !== engine.name))
    .map(([what, before, now]) => `${what} ${before ?? "none"} → ${now ?? "none"}`);
  if (changes.length === 0) return null;
  return `the run goes on with other means than it was begun with (${changes.join(", ")}): it is not bit-equal to an unbroken one`;
};
