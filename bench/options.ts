// The command line of `npm run bench`. Pure: words in, options out.
import { parseArgs } from "node:util";
import { UsageError } from "../src/base/errors.ts";
import { type Case, cases } from "./cases.ts";
import { type LoaderCase, loaderCases } from "./loader/loader-cases.ts";

export interface BenchRunOptions {
  readonly cases: readonly Case[];
  readonly loaderCases: readonly LoaderCase[];
  readonly rounds: number;
  readonly threads: number;
  /** Null: direct for training, auto for inference. */
  readonly convolution: "direct" | "auto" | null;
  /** Times for less: to see that everything works. Such a run writes no records unless `out` is given. */
  readonly quick: boolean;
  /** Measures the cost curves instead of cases. */
  readonly curves: boolean;
  /** For how long the steps of each point of a curve are timed. */
  readonly secondsOfPoint: number;
  /** Candidates for the interpreter that has PyTorch, best first. */
  readonly pythons: readonly string[];
  /** The folder for the records; null: bench/results. */
  readonly out: string | null;
}

const names = [...cases, ...loaderCases].map(({ name }) => name);

export const usage = `Alternates Residual and its peers in one run, each as its own process, and writes the records and docs/results.md.

  npm run bench -- [options]

  --case NAME           may be given several times (default: all but those with npm peers, which have to be installed):
                        ${names.join(", ")}
  --rounds N            of A B A B … (default 5)
  --threads N           of ours and of the peers (default: the cores that this process may use)
  --convolution KIND    direct, or auto: Winograd where oneDNN thinks that it pays (default: auto for inference)
  --python PATH         the interpreter that has PyTorch (default: Debian's, then python3)
  --out FOLDER          where records go (default bench/results; the table is made of those there)
  --curves              no cases and no peers: how our cost grows with depth, batch, image size and threads, in about six minutes;
                        writes bench/results/curves/curves.json, pictures in docs/images and the section of docs/performance.md
  --quick               one short round, to see that everything works: writes records only with --out
  --help                prints this`;

const count = (name: string, text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new UsageError(`--${name} should be a whole number of at least 1 but is "${text}"`);
  }
  return value;
};

const words = {
  case: { type: "string", multiple: true },
  rounds: { type: "string" },
  threads: { type: "string" },
  convolution: { type: "string" },
  python: { type: "string" },
  out: { type: "string" },
  curves: { type: "boolean", default: false },
  quick: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

/** Null: help was asked for. Throws UsageError, naming the option, for anything else that it doesn't know. */
export const parseOptions = (args: readonly string[], cores: number): BenchRunOptions | null => {
  const values = parseWords(args);
  if (values.help) return null;
  const { convolution = null, quick, case: asked } = values;
  for (const name of asked ?? []) checkName(name);
  if (convolution !== null && convolution !== "direct" && convolution !== "auto") {
    throw new UsageError(`--convolution should be direct or auto but is "${convolution}"`);
  }
  return {
    cases: cases.filter(({ name, onRequest }) => (asked === undefined ? onRequest !== true : asked.includes(name))),
    loaderCases: loaderCases.filter(({ name }) => asked === undefined || asked.includes(name)),
    rounds: values.rounds === undefined ? (quick ? 1 : 5) : count("rounds", values.rounds),
    threads: values.threads === undefined ? cores : count("threads", values.threads),
    convolution,
    quick,
    curves: values.curves,
    secondsOfPoint: quick ? 0.2 : 3,
    pythons: values.python === undefined ? ["/usr/bin/python3", "python3"] : [values.python],
    out: values.out ?? null,
  };
};

const parseWords = (args: readonly string[]) => {
  try {
    return parseArgs({ args: [...args], options: words }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
};

const checkName = (name: string): void => {
  if (!names.includes(name)) throw new UsageError(`there is no case "${name}"; there are ${names.join(", ")}`);
};
