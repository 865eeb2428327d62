// Measures one case: the numbers first, then rounds of ours, each peer, and the roof, each a process of its own.
import { z } from "zod";
import type { Case, Peer, PeerRuntime } from "./cases.ts";
import type { BenchRunOptions } from "./options.ts";
import type { OurTask } from "./our-task.ts";
import type { BenchRecord, Sample } from "./record.ts";
import { ProcessFailure } from "./run-process.ts";

export type Runtime = { readonly path: string } | { readonly reason: string };

/** What it is handed of the world. */
export interface MeasuringPlace {
  /** Runs a program in the repository's folder and gives its document; throws ProcessFailure. */
  readonly run: (program: string, args: readonly string[]) => Promise<unknown>;
  readonly node: string;
  /** The program that runs peers of each kind, or why there is none: an interpreter that has PyTorch; Node, with the packages. */
  readonly runtimes: { readonly [R in Exclude<PeerRuntime, "node">]: Runtime };
  readonly say: (line: string) => void;
  readonly about: Pick<BenchRecord, "recordedAt" | "command" | "hardware" | "loadBefore"> & {
    readonly versions: Readonly<Record<string, string>>;
  };
}

const spread = z.object({ median: z.number().positive() });
const timed = z.object({
  imagesPerSecond: spread,
  gflops: z.number().positive(),
  javascriptFraction: z.number().nullable(),
  memory: z.object({ arenaBytes: z.number(), lowerBoundBytes: z.number() }),
  peakResidentBytes: z.number(),
  library: z.string(),
});
const checked = z.object({ values: z.number(), worst: z.object({ name: z.string(), share: z.number() }) });
const roof = z.object({ gflops: z.number().positive() });
const peerDocument = z.object({
  imagesPerSecond: spread,
  peakResidentBytes: z.number(),
  versions: z.record(z.string(), z.string().nullable()),
});

const ourScript = "dist/bench/ours.js";

const scriptOf = ({ runtime, script }: Peer): string => `${runtime === "node" ? "dist/" : ""}bench/peers/${script}`;
const peerArgs = (each: Case, peer: Peer, { threads, quick }: BenchRunOptions): readonly string[] => [
  scriptOf(peer),
  ...["--model", each.model, "--batch", String(each.batch), "--dtype", each.dtype, "--image", String(each.image)],
  ...["--threads", String(threads), "--steps", String(quick ? 1 : each.peerSteps)],
  ...[
    "--repetitions",
    String(quick ? 1 : each.peerRepetitions),
    "--warmup",
    String(quick ? 1 : (each.peerWarmup ?? 2)),
    ...peer.args,
  ],
];

/** Throws ProcessFailure when ours fails, its numbers being wrong for example; peers that fail are left out, and said. */
export const measureCase = async (
  each: Case,
  options: BenchRunOptions,
  { run, node, runtimes, say, about }: MeasuringPlace,
): Promise<BenchRecord> => {
  const { threads, quick, rounds } = options;
  const convolution = options.convolution ?? (each.what === "infer" ? "auto" : "direct");
  const task = (kind: OurTask["task"]): OurTask => ({
    task: kind,
    what: each.what,
    model: each.model,
    batch: each.batch,
    dtype: each.dtype,
    image: each.image,
    threads,
    convolution,
    seconds: quick ? 1 : each.seconds,
  });
  const ours = (kind: OurTask["task"]) => run(node, [ourScript, JSON.stringify(task(kind))]);

  say(`${each.name}: checking the numbers`);
  const { values, worst } = checked.parse(await ours("check"));
  say(
    `${each.name}: ${values} values agree with f64; ${worst.name} uses ${worst.share.toPrecision(2)} of its allowed error`,
  );

  const versions: Record<string, string> = { ...about.versions };
  const skipped: { name: string; reason: string }[] = [];
  const peers = each.peers.map((peer) => ({ peer, samples: [] as Sample[] }));
  const skip = (name: string, reason: string): void => {
    skipped.push({ name, reason });
    say(`${each.name}: ${name} is left out: ${reason}`);
  };
  const runtimeOf = ({ runtime }: Peer): Runtime => (runtime === "node" ? { path: node } : runtimes[runtime]);
  const isSkipped = (name: string): boolean => skipped.some((other) => other.name === name);
  for (const { peer } of peers) {
    const runtime = runtimeOf(peer);
    if ("reason" in runtime) skip(peer.name, runtime.reason);
  }

  const roofGflops: number[] = [];
  const samples: Sample[] = [];
  const javascriptFraction: number[] = [];
  let last: z.infer<typeof timed> | null = null;
  for (let round = 1; round <= rounds; round++) {
    last = timed.parse(await ours("time"));
    samples.push({ imagesPerSecond: last.imagesPerSecond.median, peakResidentBytes: last.peakResidentBytes });
    if (last.javascriptFraction !== null) javascriptFraction.push(last.javascriptFraction);
    say(`${each.name}: round ${round}: ours ${last.imagesPerSecond.median.toFixed(1)} images/s`);
    for (const { peer, samples: theirs } of peers) {
      const runtime = runtimeOf(peer);
      if ("reason" in runtime || isSkipped(peer.name)) continue;
      try {
        const document = peerDocument.parse(await run(runtime.path, peerArgs(each, peer, options)));
        theirs.push({
          imagesPerSecond: document.imagesPerSecond.median,
          peakResidentBytes: document.peakResidentBytes,
        });
        for (const [name, version] of Object.entries(document.versions)) {
          if (version !== null) versions[name === "oneDNN" ? "PyTorch's oneDNN" : name] = version;
        }
        say(`${each.name}: round ${round}: ${peer.name} ${document.imagesPerSecond.median.toFixed(1)} images/s`);
      } catch (error) {
        if (!(error instanceof ProcessFailure)) throw error;
        skip(peer.name, error.message);
      }
    }
    roofGflops.push(roof.parse(await ours("roof")).gflops);
  }
  if (last === null) throw new RangeError("there is at least one round");
  const { name, what, model, batch, dtype, image } = each;
  return {
    formatVersion: 1,
    case: name,
    ...{ what, model, batch, dtype, image, threads },
    ...about,
    versions: { ...versions, oneDNN: last.library },
    check: { values, worst },
    roofGflops,
    ours: {
      command: `node ${ourScript} '${JSON.stringify(task("time"))}'`,
      samples,
      gflopPerImage: last.gflops / last.imagesPerSecond.median,
      javascriptFraction,
      arenaBytes: last.memory.arenaBytes,
      arenaLowerBoundBytes: last.memory.lowerBoundBytes,
    },
    peers: peers
      .filter(({ peer }) => !isSkipped(peer.name))
      .map(({ peer, samples: theirs }) => ({
        name: peer.name,
        command: `${peer.runtime === "python" ? "python3" : "node"} ${peerArgs(each, peer, options).join(" ")}`,
        samples: theirs,
      })),
    skipped,
  };
};
