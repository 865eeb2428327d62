// The thread that drives oneDNN: the only one that ever calls it, so that there is one OpenMP team. It answers requests in
// the order in which they come, and keeps the states and programs.
import { parentPort, workerData } from "node:worker_threads";
import { invariant } from "../../base/errors.ts";
import { ConvolutionChoices } from "./convolution-choices.ts";
import type { Dnnl } from "./dnnl.ts";
import { openDnnlV2 } from "./dnnl-v2.ts";
import { openOneDnn } from "./library.ts";
import { NativeProgram } from "./program.ts";
import {
  type Answer,
  type DriverOptions,
  type Message,
  packError,
  type Request,
  type RequestKind,
  type Requests,
  type TakenChoices,
} from "./protocol.ts";
import { NativeState } from "./state.ts";

type Handlers = { readonly [K in RequestKind]: (request: Request<K>) => Requests[K]["answer"] };

/** What measures convolutions, and tells how far it has come about every two seconds. */
const openChoices = (dnnl: Dnnl, { choices, threads }: DriverOptions): ConvolutionChoices | null => {
  if (choices === undefined) return null;
  const { known, budgetMs } = choices;
  const now = (): number => performance.now();
  let told = 0;
  const onMeasured = (layers: number, milliseconds: number): void => {
    if (milliseconds - told < 2000) return;
    told = milliseconds;
    send({ kind: "measuring", layers, milliseconds });
  };
  return new ConvolutionChoices(dnnl, known, { threads, now, budgetMs, onMeasured });
};

const createHandlers = (dnnl: Dnnl, options: DriverOptions): { readonly handlers: Handlers; free(): void } => {
  const choices = openChoices(dnnl, options);
  const { convolution } = options;
  const states = new Map<number, NativeState>();
  const programs = new Map<number, NativeProgram>();
  const find = <T>(map: ReadonlyMap<number, T>, id: number): T => {
    const found = map.get(id);
    invariant(found !== undefined, "a state or program was used after it was disposed of");
    return found;
  };
  const handlers: Handlers = {
    createState: ({ state, tensors }) => {
      const created = new NativeState(dnnl, tensors);
      states.set(state, created);
      return { bytes: created.bytes };
    },
    readState: ({ state, names }) => find(states, state).read(names),
    writeState: ({ state, tensors }) => {
      find(states, state).write(tensors);
      return null;
    },
    disposeState: ({ state }) => {
      const disposed = find(states, state);
      invariant(disposed.programs === 0, "a state is disposed of after the programs that run over it");
      disposed.free();
      states.delete(state);
      return null;
    },
    compile: ({ program, plan, state }) => {
      let taken: TakenChoices | null = null;
      try {
        const compiled = new NativeProgram(dnnl, plan, find(states, state), {
          convolution,
          ...(choices !== null && { choices }),
        });
        programs.set(program, compiled);
        const { memory, implementations, outputs } = compiled;
        taken = choices?.take() ?? null;
        return { memory, implementations, outputs, choices: taken };
      } finally {
        if (taken === null) choices?.take();
      }
    },
    run: ({ program, inputs, part }) => {
      find(programs, program).run(inputs, part ?? undefined);
      return null;
    },
    profile: ({ program, inputs, part }) =>
      find(programs, program).profile(inputs, part ?? undefined, () => performance.now()),
    disposeProgram: ({ program }) => {
      find(programs, program).free();
      programs.delete(program);
      return null;
    },
  };
  const free = (): void => {
    for (const each of [...programs.values(), ...states.values()]) each.free();
  };
  return { handlers, free };
};

const answerTo = <K extends RequestKind>(handlers: Handlers, request: Request<K>): Answer<K> => ({
  kind: "answer",
  of: request.kind,
  id: request.id,
  answer: handlers[request.kind](request),
});

const port = parentPort;
invariant(port !== null, "driver.ts is the file of a worker thread");
const send = (message: Message): void => port.postMessage(message);
const options: DriverOptions = workerData;
try {
  const { library, openMp, version, path } = openOneDnn(options.places);
  // The thread's environment is a copy that the OpenMP run-time never sees: it is told by a call.
  openMp.func("void omp_set_num_threads(int threads)")(options.threads);
  const dnnl = openDnnlV2(library, version);
  const { handlers, free } = createHandlers(dnnl, options);
  port.on("message", (request: Request | null) => {
    if (request === null) {
      free();
      dnnl.dispose();
      // Ends the OpenMP threads, which outlive this one otherwise (2: omp_pause_hard).
      openMp.func("int omp_pause_resource_all(int kind)")(2);
      port.close();
      return;
    }
    try {
      send(answerTo(handlers, request));
    } catch (error) {
      send({ kind: "failure", id: request.id, error: packError(error) });
    }
  });
  send({ kind: "ready", version, path, bf16: dnnl.bf16, int8: dnnl.int8 });
} catch (error) {
  send({ kind: "failure", id: null, error: packError(error) });
}
