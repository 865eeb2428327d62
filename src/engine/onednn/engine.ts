// The CPU engine, as the rest of the program sees it: it checks what it is handed, and sends it to the thread that drives the
// library. The calling thread stays free for progress, signals and requests.
import { UsageError } from "../../base/errors.ts";
import type { NamedTensors } from "../../base/tensor.ts";
import type { Part, RunPart } from "../../graph/ops.ts";
import type { Value } from "../../graph/value.ts";
import { verifyGraph } from "../../graph/verify.ts";
import type { MemoryPlan } from "../../plan/memory.ts";
import { type PartOfPlan, partsOf } from "../../plan/parts.ts";
import type { Plan } from "../../plan/plan.ts";
import { checkInputs, checkStates, checkWrite } from "../checks.ts";
import type { Engine, NodeImplementation, Program, ProgramInputs, ProgramOutputs, State } from "../contract.ts";
import { type DriverPort, openDriver } from "./driver-port.ts";
import { fusionRules } from "./lower/fused.ts";
import type { DriverOptions, Measuring, Requests, TakenChoices } from "./protocol.ts";

export interface OneDnnEngine extends Engine {
  /** The library's version, and the file it was loaded from. */
  readonly library: { readonly version: string; readonly path: string };
}

/** Who is told of choices made by measuring, where the engine is opened with them. */
export interface ChoiceListeners {
  /** After each compilation. */
  readonly onChoices?: (taken: TakenChoices) => void;
  /** About every two seconds of measuring. */
  readonly onMeasuring?: (progress: Measuring) => void;
}

class OneDnnState implements State {
  readonly id: number;
  readonly port: DriverPort;
  /** Shapes and types; the elements are with the driver. */
  readonly kept: ReadonlyMap<string, Pick<Value, "dtype" | "shape">>;
  #version = 0;

  constructor(port: DriverPort, id: number, tensors: NamedTensors) {
    this.port = port;
    this.id = id;
    this.kept = new Map([...tensors].map(([name, { dtype, shape }]) => [name, { dtype, shape }]));
  }

  get version(): number {
    return this.#version;
  }

  async read(names: readonly string[] = [...this.kept.keys()]): Promise<NamedTensors> {
    const unknown = names.find((name) => !this.kept.has(name));
    if (unknown !== undefined) throw new UsageError(`the state has no tensor ${unknown}`);
    return this.port.ask({ kind: "readState", state: this.id, names });
  }

  async write(tensors: NamedTensors): Promise<void> {
    checkWrite(tensors, this.kept);
    await this.port.ask({ kind: "writeState", state: this.id, tensors });
    this.#version++;
  }

  async dispose(): Promise<void> {
    await this.port.ask({ kind: "disposeState", state: this.id });
  }

  /** A program has updated it. */
  updated(): void {
    this.#version++;
  }
}

class OneDnnProgram implements Program {
  readonly memory: MemoryPlan;
  readonly implementations: readonly NodeImplementation[];
  readonly #id: number;
  readonly #plan: Plan;
  readonly #state: OneDnnState;
  readonly #parts: Readonly<Record<Part, PartOfPlan>>;
  readonly #outputs: ProgramOutputs;

  constructor(id: number, plan: Plan, state: OneDnnState, compiled: Requests["compile"]["answer"]) {
    this.#id = id;
    this.#plan = plan;
    this.#state = state;
    this.#parts = partsOf(plan);
    this.memory = compiled.memory;
    this.implementations = compiled.implementations;
    this.#outputs = compiled.outputs;
  }

  async run(inputs: ProgramInputs, part?: RunPart): Promise<ProgramOutputs> {
    this.#check(inputs, part);
    await this.#state.port.ask({ kind: "run", program: this.#id, inputs, part: part ?? null });
    this.#ran(part);
    return this.#outputs;
  }

  async profile(inputs: ProgramInputs, part?: RunPart): Promise<Float64Array> {
    this.#check(inputs, part);
    const seconds = await this.#state.port.ask({ kind: "profile", program: this.#id, inputs, part: part ?? null });
    this.#ran(part);
    return seconds;
  }

  async dispose(): Promise<void> {
    await this.#state.port.ask({ kind: "disposeProgram", program: this.#id });
  }

  #check(inputs: ProgramInputs, part?: RunPart): void {
    checkInputs(this.#plan, this.#parts, part === undefined ? ["step", "update"] : [part], inputs);
  }

  #ran(part?: RunPart): void {
    if ((part ?? "update") === "update" && this.#plan.graph.updates.length > 0) this.#state.updated();
  }
}

/**
 * Opens oneDNN in a thread of its own, with an OpenMP team of `threads`. Throws MissingError, which says how to get it, when
 * the library is not there or of another version.
 */
export const createOneDnnEngine = async (
  options: DriverOptions,
  { onChoices, onMeasuring }: ChoiceListeners = {},
): Promise<OneDnnEngine> => {
  const { threads } = options;
  if (!Number.isInteger(threads) || threads < 1) {
    throw new UsageError(`threads should be a whole number of at least 1 but is ${threads}`);
  }
  const port = await openDriver(options, onMeasuring);
  let nextId = 1;
  return {
    name: "onednn",
    library: { version: port.ready.version, path: port.ready.path },
    fusions: fusionRules,
    bf16: port.ready.bf16,
    int8: port.ready.int8,
    threads,
    createState: async (tensors) => {
      const id = nextId++;
      await port.ask({ kind: "createState", state: id, tensors });
      return new OneDnnState(port, id, tensors);
    },
    compile: async (plan, state) => {
      if (!(state instanceof OneDnnState) || state.port !== port) {
        throw new UsageError("the state was made by another engine: a program runs over a state of its own engine");
      }
      verifyGraph(plan.graph);
      checkStates(plan, state.kept);
      const id = nextId++;
      const compiled = await port.ask({ kind: "compile", program: id, plan, state: state.id });
      if (compiled.choices !== null) onChoices?.(compiled.choices);
      return new OneDnnProgram(id, plan, state, compiled);
    },
    dispose: () => port.close(),
  };
};
