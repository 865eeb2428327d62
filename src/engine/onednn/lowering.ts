// From nodes to calls: keeps what is known of each value's memory, inserts reorders where a reader wants another layout, and lets
// results take over the memory of operands that nobody needs any more.
import { dtypeBytes } from "../../base/dtype.ts";
import { invariant, UnsupportedError } from "../../base/errors.ts";
import type { Shape } from "../../base/shape.ts";
import type { Part } from "../../graph/ops.ts";
import type { Value } from "../../graph/value.ts";
import type { Plan } from "../../plan/plan.ts";
import { descriptorOf, elementTypeOf } from "./describe-value.ts";
import type {
  Argument,
  Dnnl,
  ElementType,
  ImageLayout,
  MemoryDescriptor,
  Primitive,
  PrimitiveDescription,
} from "./dnnl.ts";
import { lastReaders } from "./last-readers.ts";
import type { LoweringOptions } from "./lowering-options.ts";
import type { Call, Layout, Phase, Physical, Place, ScriptArray, Storage } from "./physical.ts";
import { PrimitiveCache } from "./primitive-cache.ts";

/** The node that is being lowered. */
interface Position {
  readonly name: string;
  readonly part: Part;
  readonly index: number;
}

export class Lowering {
  readonly dnnl: Dnnl;
  readonly options: LoweringOptions;
  readonly calls: Call[] = [];
  /** Whether the program only runs a network forward: it changes no state. */
  readonly inference: boolean;
  /** What a primitive of the forward pass keeps for the backward pass: masks of relus, winners of pools. */
  readonly workspaces = new Map<string, Physical>();
  /** Minus a learning rate, by part and name, from the first weight that descends by it. */
  readonly negated = new Map<string, Physical>();
  /** By number, type, shape and layout: see lower/constant.ts. */
  readonly constants = new Map<string, Physical>();
  /** Whether calls of the part `step` are run for each strip: see lower/strips.ts. */
  inStrips = false;
  readonly #plan: Plan;
  readonly #physicals = new Map<string, Physical[]>();
  readonly #stateOfUpdate: ReadonlyMap<string, Value>;
  readonly #lastReader: ReadonlyMap<string, number>;
  readonly #madeByPrepare = new Set<Storage>();
  readonly #primitives: PrimitiveCache;
  #position: Position = { name: "", part: "step", index: -1 };

  constructor(dnnl: Dnnl, plan: Plan, options: LoweringOptions) {
    this.dnnl = dnnl;
    this.#primitives = new PrimitiveCache(dnnl);
    this.options = options;
    this.#plan = plan;
    this.inference = plan.graph.updates.length === 0;
    this.#stateOfUpdate = new Map(plan.graph.updates.map(({ state, value }) => [value.name, state]));
    this.#lastReader = lastReaders(plan);
    for (const value of plan.graph.inputs) this.#given(value, { kind: "input", input: value.name });
  }

  /** Says how the state's tensors lie; null for row-major. To be called before the first node is lowered. */
  takeStates(layoutOf: (state: string) => MemoryDescriptor | null): void {
    for (const value of this.#plan.graph.states)
      this.#given(value, { kind: "state", state: value.name }, layoutOf(value.name));
  }

  /** Nodes are lowered in the plan's order. */
  enter(position: Position): void {
    this.#position = position;
  }

  get where(): string {
    return this.#position.name;
  }

  /** Whether a tensor follows from the state alone: a copy of it in another type or layout may then be made when that changes. */
  followsState({ storage }: Physical): boolean {
    return storage.place.kind === "state" || this.#madeByPrepare.has(storage);
  }

  get part(): Part {
    return this.#position.part;
  }
  /** Whether a later node, or the caller, reads a result of the current one. */
  isRead({ name }: Value): boolean {
    return (this.#plan.lifetimes.get(name)?.last ?? 0) > this.#position.index;
  }

  /** The part in which a result of the current node is last read. */
  lastPartOf({ name }: Value): Part {
    return this.#plan.order[this.#lastReader.get(name) ?? this.#position.index]?.part ?? this.#position.part;
  }

  /** Destroys all primitives that were described. */
  free(): void {
    this.#primitives.free();
  }

  /** How a value lies in memory, as far as readers can share it: what a primitive chose for itself counts as row-major. */
  imageLayoutOf(value: Value): ImageLayout {
    const { layout } = this.#first(value);
    return layout === "opaque" ? "plain" : layout;
  }

  /** A value as it lies, whatever the layout. */
  asIs(value: Value): Physical {
    return this.#first(value);
  }

  /** A value in a layout of images, or row-major, and in its own type or another; reordered when it lies otherwise. */
  read(value: Value, layout: ImageLayout = "plain", dtype: Value["dtype"] = value.dtype): Physical {
    const first = this.#first(value);
    if (first.layout === layout && first.dtype === dtype) return first;
    return this.readAs({ ...value, dtype }, this.#descriptor(first.shape, dtype, layout), layout, first.shape);
  }

  /** A value in the layout that a primitive wants. `shape` is how the primitive sees it. */
  readAs(value: Value, descriptor: MemoryDescriptor, layout: Layout = "opaque", shape: Shape = value.shape): Physical {
    const versions = this.#physicals.get(value.name) ?? [];
    const same = versions.find((version) => this.dnnl.equal(version.descriptor, descriptor));
    if (same !== undefined) return same;
    const from = this.#seenAs(this.#first(value), shape);
    const ofState = from.storage.place.kind === "state";
    // Where the program updates the state, a reordered weight lasts from its reorder to its reader only.
    const prepared = this.followsState(from) && !(ofState && !this.inference);
    const place: Place = prepared ? { kind: "pinned" } : { kind: "arena" };
    const storage: Storage = { name: `${value.name} for ${this.where}`, bytes: descriptor.bytes, place };
    const copy: Physical = { storage, descriptor, layout, shape: from.shape, dtype: value.dtype };
    if (!ofState || prepared) versions.push(copy);
    this.reorder(from, copy, `${this.where} (reorder of ${value.name})`, prepared ? "prepare" : this.#position.part);
    return copy;
  }

  /** Memory for a result of the current node, in a layout of images or row-major. */
  result(value: Value, layout: Layout = "plain", inPlaceOf: readonly Value[] = []): Physical {
    invariant(layout !== "opaque", `${value.name}: an opaque layout has to be given`);
    return this.resultAs(value, this.#descriptor(value.shape, value.dtype, layout), layout, value.shape, inPlaceOf);
  }

  /**
   * Memory for a result in the layout that a primitive chose. It is the state's own when the value is the state's update and
   * nobody reads the old one afterwards; or that of one of `inPlaceOf`, when this node is its last reader.
   */
  resultAs(
    value: Value,
    descriptor: MemoryDescriptor,
    layout: Layout,
    shape: Shape,
    inPlaceOf: readonly Value[] = [],
  ): Physical {
    const storage = this.#updatedState(value, descriptor) ??
      this.#reusable(descriptor, inPlaceOf) ?? { name: value.name, bytes: descriptor.bytes, place: { kind: "arena" } };
    const physical: Physical = { storage, descriptor, layout, shape, dtype: value.dtype };
    if (this.#position.part === "prepare") this.#madeByPrepare.add(storage);
    this.define(value, physical);
    return physical;
  }

  /** Says where a value lies that needs no memory of its own. */
  define(value: Value, physical: Physical): void {
    this.#physicals.set(value.name, [physical]);
  }

  /** Memory that lives for this node, or as long as somebody refers to it. */
  temporary(
    name: string,
    descriptor: MemoryDescriptor,
    shape: Shape,
    layout: Layout = "opaque",
    dtype: ElementType = "f32",
  ): Physical {
    const storage: Storage = { name: `${this.where}: ${name}`, bytes: descriptor.bytes, place: { kind: "arena" } };
    return { storage, descriptor, layout, shape, dtype };
  }

  /** A row-major tensor seen with another shape. */
  reshaped(physical: Physical, shape: Shape): Physical {
    invariant(physical.layout === "plain", `${physical.storage.name} is not row-major`);
    return { ...physical, shape, descriptor: this.#descriptor(shape, physical.dtype, "plain") };
  }

  /** A whole tensor as a vector, in the order in which it lies: padding, which is zero, included. */
  flat(physical: Physical): Physical {
    const shape = [physical.descriptor.bytes / dtypeBytes[physical.dtype]];
    return { ...physical, shape, layout: "plain", descriptor: this.#descriptor(shape, physical.dtype, "plain") };
  }

  /** The primitive of this description, which calls alike share. */
  describe(description: PrimitiveDescription): Primitive {
    return this.#primitives.describe(description, this.where);
  }

  /** Adds a call of a primitive; its scratchpad is added to the arguments. */
  call(
    primitive: Primitive,
    args: readonly (readonly [Argument, Physical])[],
    node: string = this.where,
    phase: Phase = this.#position.part,
  ): void {
    const scratchpad = primitive.layoutOf("scratchpad");
    const all = scratchpad
      ? [...args, ["scratchpad", this.temporary("scratchpad", scratchpad, [scratchpad.bytes])] as const]
      : args;
    this.calls.push({
      kind: "primitive",
      node,
      phase,
      inStrips: this.inStrips && phase === "step",
      primitive,
      arguments: all,
    });
  }

  /** Adds a function of this thread; f32 and i32 tensors arrive as arrays over the whole memory. */
  script(
    implementation: string,
    tensors: readonly Physical[],
    run: (arrays: readonly ScriptArray[]) => void,
    phase: Phase = this.#position.part,
  ): void {
    const { name: node } = this.#position;
    this.calls.push({
      kind: "script",
      phase,
      inStrips: this.inStrips && phase === "step",
      node,
      implementation: `script:${implementation}`,
      tensors,
      run,
    });
  }

  reorder(from: Physical, to: Physical, node: string = this.where, phase: Phase = this.#position.part): void {
    const primitive = this.describe({ kind: "reorder", from: from.descriptor, to: to.descriptor });
    this.call(
      primitive,
      [
        ["x", from],
        ["y", to],
      ],
      node,
      phase,
    );
  }

  #given(value: Value, place: Place, chosen: MemoryDescriptor | null = null): void {
    const descriptor = chosen ?? this.#descriptor(value.shape, value.dtype, "plain");
    const storage: Storage = { name: value.name, bytes: descriptor.bytes, place };
    const layout: Layout = chosen === null ? "plain" : "opaque";
    this.define(value, { storage, descriptor, layout, shape: value.shape, dtype: value.dtype });
  }

  #first(value: Value): Physical {
    const first = this.#physicals.get(value.name)?.[0];
    if (first === undefined && this.workspaces.has(value.name)) {
      const reason = `${value.name} lies in the library's workspace, which only the backward pass can read`;
      throw new UnsupportedError("onednn", this.where, reason);
    }
    invariant(first !== undefined, `${value.name} has no memory when ${this.where} reads it`);
    return first;
  }

  /** The library's name for the type of a value. Throws UnsupportedError for types that it can't compute with. */
  typeOf({ dtype }: Pick<Value, "dtype">): ElementType {
    return elementTypeOf(this.dnnl, dtype, this.where);
  }

  #descriptor(shape: Shape, dtype: Value["dtype"], layout: ImageLayout): MemoryDescriptor {
    return descriptorOf(this.dnnl, shape, this.typeOf({ dtype }), layout);
  }

  #seenAs(physical: Physical, shape: Shape): Physical {
    const same = physical.shape.length === shape.length && physical.shape.every((size, axis) => size === shape[axis]);
    return same ? physical : this.reshaped(physical, shape);
  }

  /** The state's memory, when `value` is its update, lies as the state does, and this node is the last to read the state. */
  #updatedState(value: Value, descriptor: MemoryDescriptor): Storage | null {
    const state = this.#stateOfUpdate.get(value.name);
    if (state === undefined || this.#position.part !== "update") return null;
    const { storage, descriptor: kept } = this.#first(state);
    if ((this.#lastReader.get(state.name) ?? -1) > this.#position.index) return null;
    return this.dnnl.equal(kept, descriptor) ? storage : null;
  }

  /** The memory of an operand that nobody needs after this node. */
  #reusable(descriptor: MemoryDescriptor, operands: readonly Value[]): Storage | null {
    for (const operand of operands) {
      const lifetime = this.#plan.lifetimes.get(operand.name);
      if (lifetime === undefined || lifetime.last !== this.#position.index) continue;
      const { storage, descriptor: old } = this.#first(operand);
      if (storage.place.kind === "arena" && this.dnnl.equal(old, descriptor)) return storage;
    }
    return null;
  }
}
