// A plan as a program of the reference engine: values lie in one arena, where the planner put them, so that a mistake of the
// planner shows as a wrong number. Each part reads the state as it was when the part began; the state changes when `update` ends.
import { arrayView, dtypeBytes, type TypedArray } from "../../base/dtype.ts";
import { elementCount } from "../../base/shape.ts";
import { type HostTensor, zeros } from "../../base/tensor.ts";
import { resultsOf } from "../../graph/graph.ts";
import { type Part, parts, type RunPart } from "../../graph/ops.ts";
import type { Value } from "../../graph/value.ts";
import { type MemoryPlan, planMemory } from "../../plan/memory.ts";
import { type PartOfPlan, partsOf } from "../../plan/parts.ts";
import type { Plan } from "../../plan/plan.ts";
import { checkInputs } from "../checks.ts";
import type { NodeImplementation, Program, ProgramInputs, ProgramOutputs } from "../contract.ts";
import type { ElementsOf } from "./kernel.ts";
import { computeRounded } from "./kernels.ts";
import type { ReferenceState } from "./state.ts";
import { storageTypes } from "./value-storage.ts";

/** Lays out what the nodes make. */
const layOut = (plan: Plan): MemoryPlan => {
  const values = plan.order.flatMap((node) => resultsOf(node).map(([, value]) => value));
  const wholeRun = { first: 0, last: plan.order.length - 1 };
  return planMemory(
    values.map(({ name, dtype, shape }) => ({
      name,
      bytes: elementCount(shape) * dtypeBytes[storageTypes[dtype]],
      ...(plan.lifetimes.get(name) ?? wholeRun),
    })),
  );
};

/** Views of the arena, by name. */
const viewArena = (plan: Plan, memory: MemoryPlan): Map<string, TypedArray> => {
  const arena = new ArrayBuffer(memory.arenaBytes);
  const offsets = new Map(memory.placements.map(({ name, offset }) => [name, offset]));
  const values = plan.order.flatMap((node) => resultsOf(node).map(([, value]) => value));
  return new Map(
    values.map(({ name, dtype, shape }) => [
      name,
      arrayView(storageTypes[dtype], arena, offsets.get(name) ?? 0, elementCount(shape)),
    ]),
  );
};

export class ReferenceProgram implements Program {
  readonly memory: MemoryPlan;
  readonly implementations: readonly NodeImplementation[];
  readonly #plan: Plan;
  readonly #parts: Readonly<Record<Part, PartOfPlan>>;
  readonly #state: ReferenceState;
  readonly #arena: Map<string, TypedArray>;
  readonly #outputs: Record<string, HostTensor>;
  /** The parts whose values lie in the arena now. */
  #done: readonly Part[] = [];
  /** Of the state, when the part `prepare` last ran; null: never. */
  #preparedVersion: number | null = null;
  #disposed = false;

  constructor(plan: Plan, state: ReferenceState) {
    this.#plan = plan;
    this.#parts = partsOf(plan);
    this.#state = state;
    this.memory = layOut(plan);
    this.implementations = plan.order.map(({ name }) => ({ node: name, implementation: "reference" }));
    this.#arena = viewArena(plan, this.memory);
    this.#outputs = Object.fromEntries(plan.graph.outputs.map(({ name, dtype, shape }) => [name, zeros(dtype, shape)]));
  }

  async run(inputs: ProgramInputs, part?: RunPart): Promise<ProgramOutputs> {
    if (this.#disposed) throw new Error("this program is disposed of: it can't be run any more");
    this.#state.check();
    const wanted: readonly RunPart[] = part === undefined ? ["step", "update"] : [part];
    checkInputs(this.#plan, this.#parts, wanted, inputs);
    return this.#state.queue.enqueue(() => {
      // Later parts go on with what their step was given, except before there was one.
      const begins = wanted[0] === "step" || this.#preparedVersion === null;
      if (begins && this.#preparedVersion !== this.#state.version) {
        this.#runPart("prepare", {});
        this.#preparedVersion = this.#state.version;
      }
      for (const each of wanted) this.#runPart(each, inputs);
      return this.#outputs;
    });
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    await this.#state.queue.enqueue(() => this.#arena.clear());
  }

  #runPart(part: Part, inputs: ProgramInputs): void {
    this.#checkOrder(part);
    const { nodes, outputs } = this.#parts[part];
    const { states, updates } = this.#plan.graph;
    const given = new Map(this.#plan.graph.inputs.map(({ name }) => [name, inputs[name]?.data]));
    const elementsOf: ElementsOf = ({ name }) => this.#arena.get(name) ?? given.get(name) ?? this.#state.elements(name);
    this.#done = this.#done.filter((earlier) => parts.indexOf(earlier) < parts.indexOf(part));
    for (const node of nodes) computeRounded(node, elementsOf);
    if (part === "update" && updates.length > 0) {
      // First all values, then all writes: what one state becomes may be what another was.
      this.#state.replace(updates.map(({ state, value }) => [state.name, elementsOf(value).slice()] as const));
    }
    this.#done = [...this.#done, part];
    // Outputs outlive the arena's values; those of other parts keep what they hold.
    const available = ({ name }: Value): boolean =>
      given.get(name) !== undefined || states.some((state) => state.name === name);
    const passedOn = this.#plan.graph.outputs.filter((value) => !this.#arena.has(value.name) && available(value));
    for (const value of [...outputs, ...passedOn]) this.#outputs[value.name]?.data.set(elementsOf(value));
  }

  /** The values that a part reads of earlier parts must lie in the arena still. */
  #checkOrder(part: Part): void {
    const { earlier } = this.#parts[part];
    const overwritten = this.#done.some((name) => parts.indexOf(name) >= parts.indexOf(part));
    for (const name of earlier) {
      if (this.#done.includes(name) && !overwritten) continue;
      throw new Error(`the part ${part} reads values of the part ${name}, which has to run before it each time`);
    }
  }
}
