// What crosses between the engine and its thread: requests, answers, errors. Data only; arrays in shared memory cross as views.
import { MissingError, NativeError, UnsupportedError } from "../../base/errors.ts";
import type { HostTensor, NamedTensors } from "../../base/tensor.ts";
import type { RunPart } from "../../graph/ops.ts";
import type { MemoryPlan } from "../../plan/memory.ts";
import type { Plan } from "../../plan/plan.ts";
import type { Bf16Support, Choices, NodeImplementation, ProgramInputs } from "../contract.ts";
import type { LibraryPlaces } from "./library.ts";

/** How the thread is started; plain data. */
export interface DriverOptions {
  readonly places: LibraryPlaces;
  readonly threads: number;
  readonly convolution: "direct" | "auto";
  /** Convolutions are chosen by measuring where these don't say it already. Without: by rule. */
  readonly choices?: MeasuredChoices;
}

export interface MeasuredChoices {
  readonly known: Choices;
  /** All measuring together; what it leaves is chosen by rule. */
  readonly budgetMs: number;
}

export interface TakenChoices {
  /** All that were used in a compilation, by key. */
  readonly used: Choices;
  /** Of them, those that were measured. */
  readonly measured: Choices;
  readonly milliseconds: number;
}

/** Every request with its answer. States and programs are numbers that the engine hands out. */
export interface Requests {
  createState: { request: { state: number; tensors: NamedTensors }; answer: { bytes: number } };
  readState: { request: { state: number; names: readonly string[] }; answer: NamedTensors };
  writeState: { request: { state: number; tensors: NamedTensors }; answer: null };
  disposeState: { request: { state: number }; answer: null };
  compile: {
    request: { program: number; plan: Plan; state: number };
    answer: {
      memory: MemoryPlan;
      implementations: readonly NodeImplementation[];
      outputs: Readonly<Record<string, HostTensor>>;
      /** Null where choices are by rule. */
      choices: TakenChoices | null;
    };
  };
  run: { request: { program: number; inputs: ProgramInputs; part: RunPart | null }; answer: null };
  /** As `run`; the answer has the seconds of each call, in the order of the implementations. */
  profile: { request: { program: number; inputs: ProgramInputs; part: RunPart | null }; answer: Float64Array };
  disposeProgram: { request: { program: number }; answer: null };
}
export type RequestKind = keyof Requests;
export type Request<K extends RequestKind = RequestKind> = {
  [P in K]: { readonly kind: P; readonly id: number } & Requests[P]["request"];
}[K];

/** The thread's first message: the library is open, or why not. */
export interface Ready {
  readonly kind: "ready";
  readonly version: string;
  readonly path: string;
  readonly bf16: Bf16Support;
  readonly int8: boolean;
}
export type Answer<K extends RequestKind = RequestKind> = {
  [P in K]: { readonly kind: "answer"; readonly of: P; readonly id: number; readonly answer: Requests[P]["answer"] };
}[K];
export interface Failure {
  readonly kind: "failure";
  /** The request that failed; null: the thread could not start. */
  readonly id: number | null;
  readonly error: PackedError;
}
/** While a program is compiled: so many layers were measured, in so much time since the engine was opened. */
export interface Measuring {
  readonly kind: "measuring";
  readonly layers: number;
  readonly milliseconds: number;
}
export type Message = Ready | Answer | Failure | Measuring;

/** Errors as data: a structured clone would lose their class and fields. */
export type PackedError =
  | {
      readonly kind: "native";
      readonly fields: readonly [library: string, call: string, status: string, context: string];
    }
  | { readonly kind: "unsupported"; readonly fields: readonly [engine: string, node: string, reason: string] }
  | { readonly kind: "missing"; readonly message: string }
  | { readonly kind: "other"; readonly message: string; readonly stack: string };

export const packError = (error: unknown): PackedError => {
  if (error instanceof NativeError) {
    return { kind: "native", fields: [error.library, error.call, error.status, error.context] };
  }
  if (error instanceof UnsupportedError)
    return { kind: "unsupported", fields: [error.engine, error.node, error.reason] };
  if (error instanceof MissingError) return { kind: "missing", message: error.message };
  if (error instanceof Error) return { kind: "other", message: error.message, stack: error.stack ?? "" };
  return { kind: "other", message: String(error), stack: "" };
};

export const unpackError = (packed: PackedError): Error => {
  if (packed.kind === "native") return new NativeError(...packed.fields);
  if (packed.kind === "unsupported") return new UnsupportedError(...packed.fields);
  if (packed.kind === "missing") return new MissingError(packed.message);
  return new Error(packed.message, { cause: packed.stack });
};
