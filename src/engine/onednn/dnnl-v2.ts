// oneDNN 2.6–2.7 through koffi: everything that is particular to these versions — signatures, struct sizes, numbers — stands
// here and in dnnl-v2-numbers.ts. Structs are opaque buffers that the library's own *_desc_init functions fill.
import koffi, { type LibraryHandle } from "koffi";
import { invariant, NativeError, UnsupportedError } from "../../base/errors.ts";
import { formatShape, type Shape } from "../../base/shape.ts";
import type { Bf16Support } from "../contract.ts";
import type { Argument, Dnnl, MemoryDescriptor, Primitive, QueriedTensor } from "./dnnl.ts";
import {
  argumentNumbers,
  dataTypes,
  formatTags,
  instructionSets,
  plainTags,
  queries,
  statusNames,
  structBytes,
} from "./dnnl-v2-numbers.ts";
import { describePrimitive, type NativeCalls } from "./dnnl-v2-primitives.ts";
import { bindDescribingFunctions, type NativeFunction } from "./dnnl-v2-signatures.ts";
import { viewNative } from "./view-native.ts";

const library = "oneDNN";
/** DNNL_MEMORY_ALLOCATE: the library allocates the memory itself. */
const allocateItself = -1n;

/** A list of sizes as dnnl_dims_t. */
const dims = (sizes: readonly number[]): BigInt64Array => BigInt64Array.from(sizes, BigInt);

/** Binds the functions that are used. Throws NativeError when the engine can't be created. */
export const openDnnlV2 = (lib: LibraryHandle, version: string): Dnnl => {
  const bind = (signature: string): NativeFunction => lib.func(signature);
  const memoryInitByTag = bind("int dnnl_memory_desc_init_by_tag(void *md, int n, int64_t *dims, int type, int tag)");
  const memoryInitPart = bind(
    "int dnnl_memory_desc_init_submemory(void *md, void *parent, int64_t *dims, int64_t *at)",
  );
  const memoryPermuteAxes = bind("int dnnl_memory_desc_permute_axes(void *out, void *md, int *axes)");
  const memoryBytes = bind("size_t dnnl_memory_desc_get_size(void *md)");
  const memoryEqual = bind("int dnnl_memory_desc_equal(void *a, void *b)");
  const memoryCreate = bind("int dnnl_memory_create(_Out_ void **memory, void *md, void *engine, void *handle)");
  const memoryDestroy = bind("int dnnl_memory_destroy(void *memory)");
  const memoryGetHandle = bind("int dnnl_memory_get_data_handle(void *memory, _Out_ void **handle)");
  const memorySetHandle = bind("int dnnl_memory_set_data_handle(void *memory, void *handle)");
  const engineCreate = bind("int dnnl_engine_create(_Out_ void **engine, int kind, size_t index)");
  const engineDestroy = bind("int dnnl_engine_destroy(void *engine)");
  const streamCreate = bind("int dnnl_stream_create(_Out_ void **stream, void *engine, uint flags)");
  const streamDestroy = bind("int dnnl_stream_destroy(void *stream)");
  const primitiveCreate = bind("int dnnl_primitive_create(_Out_ void **primitive, void *descriptor)");
  const primitiveDestroy = bind("int dnnl_primitive_destroy(void *primitive)");
  const descriptorDestroy = bind("int dnnl_primitive_desc_destroy(void *descriptor)");
  const queryMemory = lib.func("void *dnnl_primitive_desc_query_md(void *descriptor, int what, int index)");
  const queryText = bind("int dnnl_primitive_desc_query(void *descriptor, int what, int index, _Out_ str *text)");
  const fetchDescriptor = lib.func("void *dnnl_primitive_desc_iterator_fetch(void *iterator)");
  const executePrimitive = bind("int dnnl_primitive_execute(void *primitive, void *stream, int n, void *args)");

  const statusName = (status: number): string => statusNames[status] ?? `status ${status}`;
  const check = (status: number, call: string, context: string): void => {
    if (status !== 0) throw new NativeError(library, call, statusName(status), context);
  };
  /** Calls a function whose first argument receives a handle. */
  const created = (call: string, context: string, fn: NativeFunction, ...rest: unknown[]): object => {
    const out: [object | null] = [null];
    check(fn(out, ...rest), call, context);
    if (out[0] === null) throw new NativeError(library, call, "no handle", context);
    return out[0];
  };

  const engine = created("dnnl_engine_create", "the CPU engine", engineCreate, 1, 0);
  const stream = created("dnnl_stream_create", "the CPU stream", streamCreate, engine, 1);

  const wrap = (native: Buffer): MemoryDescriptor => ({ native, bytes: Number(memoryBytes(native)) });
  const knownDescriptors = new Map<string, MemoryDescriptor>();
  const descriptor = (shape: Shape, type: number, tag: number): MemoryDescriptor => {
    const key = `${type} ${tag} ${shape.join("×")}`;
    const known = knownDescriptors.get(key);
    if (known !== undefined) return known;
    const native = Buffer.alloc(structBytes.memory);
    const sizes = shape.length === 0 ? [1] : shape;
    const context = `a tensor ${formatShape(shape)}`;
    check(memoryInitByTag(native, sizes.length, dims(sizes), type, tag), "dnnl_memory_desc_init_by_tag", context);
    const made = wrap(native);
    knownDescriptors.set(key, made);
    return made;
  };
  const knownPermutations = new WeakMap<MemoryDescriptor, Map<string, MemoryDescriptor>>();
  const permuted = (from: MemoryDescriptor, axes: readonly number[]): MemoryDescriptor => {
    const permutations = knownPermutations.get(from) ?? new Map<string, MemoryDescriptor>();
    knownPermutations.set(from, permutations);
    const known = permutations.get(String(axes));
    if (known !== undefined) return known;
    const native = Buffer.alloc(structBytes.memory);
    const status = memoryPermuteAxes(native, from.native, Int32Array.from(axes));
    check(status, "dnnl_memory_desc_permute_axes", `axes ${axes.join(", ")}`);
    const made = wrap(native);
    permutations.set(String(axes), made);
    return made;
  };
  const nameOf = (native: object, where: string): string => {
    const text: [string | null] = [null];
    check(queryText(native, queries.implementation, 0, text), "dnnl_primitive_desc_query", where);
    return text[0] ?? "unknown";
  };
  const functions = bindDescribingFunctions(bind);
  const calls: NativeCalls = {
    functions,
    check,
    created,
    engine,
    destroyDescriptor: (native) => void descriptorDestroy(native),
    currentOf: (out, iterator) => {
      if (Array.isArray(out)) out[0] = fetchDescriptor(iterator);
      return 0;
    },
    nameOf,
  };

  const bindMemory = (md: MemoryDescriptor, address: bigint, context: string) => {
    const handle = created("dnnl_memory_create", context, memoryCreate, md.native, engine, address);
    return {
      handle,
      setAddress: (next: bigint) => check(memorySetHandle(handle, next), "dnnl_memory_set_data_handle", context),
      destroy: () => void memoryDestroy(handle),
    };
  };

  const openPrimitive = (native: object, where: string): Primitive => {
    const implementation = nameOf(native, where);
    let handle: object | null = null;
    const layouts = new Map<QueriedTensor, MemoryDescriptor | null>();
    const queryLayout = (tensor: QueriedTensor): MemoryDescriptor | null => {
      const pointer: unknown = queryMemory(native, queries[tensor], 0);
      if (pointer === null) return null;
      const md = wrap(Buffer.from(koffi.decode(pointer, "uint8_t", structBytes.memory)));
      return md.bytes === 0 ? null : md;
    };
    return {
      implementation,
      layoutOf: (tensor: QueriedTensor) => {
        const known = layouts.get(tensor);
        if (known !== undefined) return known;
        const layout = queryLayout(tensor);
        layouts.set(tensor, layout);
        return layout;
      },
      create: () => {
        handle ??= created("dnnl_primitive_create", where, primitiveCreate, native);
        return handle;
      },
      destroy: () => {
        if (handle !== null) primitiveDestroy(handle);
        handle = null;
        descriptorDestroy(native);
      },
    };
  };

  const isa = Number(bind("int dnnl_get_effective_cpu_isa()")());
  return {
    version,
    bf16: bf16Support(isa),
    int8: (isa & instructionSets.avx512CoreVnni) === instructionSets.avx512CoreVnni,
    plain: (shape, dtype = "f32") => descriptor(shape, dataTypes[dtype], plainTag(shape)),
    image: (shape, layout, dtype = "f32") =>
      descriptor(shape, dataTypes[dtype], layout === "plain" ? plainTag(shape) : formatTags[layout]),
    filter: (shape, layout, dtype = "f32") => descriptor(shape, dataTypes[dtype], formatTags[layout]),
    permuted,
    any: (shape, dtype = "f32") => descriptor(shape, dataTypes[dtype], formatTags.any),
    part: (parent, shape, offsets, where) => {
      const native = Buffer.alloc(structBytes.memory);
      const status = memoryInitPart(native, parent.native, dims(shape), dims(offsets));
      if (status !== 0) {
        throw new UnsupportedError(
          "onednn",
          where,
          `its layout has no part ${formatShape(shape)} at ${formatShape(offsets)}`,
        );
      }
      return wrap(native);
    },
    equal: (a, b) => a === b || memoryEqual(a.native, b.native) === 1,
    primitive: (description, where) => openPrimitive(describePrimitive(calls, description, where), where),
    allocate: (bytes) => {
      const size = Math.max(64, bytes);
      const md = descriptor([size], dataTypes.u8, plainTag([size]));
      const memory = bindMemory(md, allocateItself, `${size} bytes of memory`);
      const out: [object | null] = [null];
      check(memoryGetHandle(memory.handle, out), "dnnl_memory_get_data_handle", `${size} bytes of memory`);
      const address = BigInt(koffi.address(out[0]));
      return { address, ...viewNative(address, size), free: memory.destroy };
    },
    memory: (md, address) => bindMemory(md, address, "a tensor's memory"),
    arguments: (list) => {
      // struct dnnl_exec_arg_t { int arg; dnnl_memory_t memory; }: 16 bytes, the pointer at 8.
      const buffer = Buffer.alloc(16 * list.length);
      list.forEach(([argument, memory], i) => {
        buffer.writeInt32LE(numberOf(argument), 16 * i);
        buffer.writeBigUInt64LE(BigInt(koffi.address(memory.handle)), 16 * i + 8);
      });
      return buffer;
    },
    execute: (primitive, count, args) => executePrimitive(primitive, stream, count, args),
    statusName,
    addressOf: (array) => BigInt(koffi.address(array)),
    dispose: () => {
      streamDestroy(stream);
      engineDestroy(engine);
    },
  };
};

const numberOf = (argument: Argument): number =>
  typeof argument === "string" ? argumentNumbers[argument] : argumentNumbers.firstSource + argument.source;

/** From the instructions that the library uses: below AVX-512 it has no code for bf16. */
const bf16Support = (isa: number): Bf16Support => {
  const has = (set: number): boolean => (isa & set) === set;
  if (has(instructionSets.avx512CoreBf16)) return "fast";
  return has(instructionSets.avx512Core) ? "slow" : "none";
};

const plainTag = (shape: Shape): number => {
  const tag = plainTags[Math.max(1, shape.length) - 1]; // a scalar is a vector of one element
  invariant(tag !== undefined, `tensors have 1 to 5 dimensions, not those of ${formatShape(shape)}`);
  return tag;
};
