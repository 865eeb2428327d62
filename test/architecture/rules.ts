// The rules of the source tree as data: who may import whom, who may touch the world outside, and which files may be long.
// The matrix is design's: imports go up the list only, folders on one line don't know each other, all may import base.

/** What test code may import besides what its folder may, everywhere; "../" stands for folders beside src/. */
export const testFolders: readonly string[] = [
  "spec",
  "graph",
  "model",
  "passes",
  "plan",
  "engine",
  "engine/reference",
  "engine/conformance",
  "../test",
  "../recipes",
];

const belowEngines = ["spec", "graph", "data", "checkpoint", "model", "passes", "plan", "engine", "exchange"] as const;
const belowCommands = [...belowEngines, "evaluate", "train"] as const;
const concreteEngines = ["engine/reference", "engine/onednn", "engine/webgpu"] as const;

/**
 * Per folder of src/, the folders that its files may import besides their own and base; "../" stands for folders beside src/. A
 * folder that is not here is a breach.
 */
export const importMatrix: Readonly<Record<string, readonly string[]>> = {
  base: [],
  // 2
  spec: [],
  graph: [],
  data: [],
  checkpoint: [],
  // 3
  model: ["spec", "graph"],
  passes: ["graph"],
  plan: ["graph"],
  // 4: the contract, and what every engine checks alike
  engine: ["graph", "plan"],
  exchange: ["spec", "graph", "model", "passes", "checkpoint"],
  // 5
  "engine/reference": ["engine", "plan", "graph"],
  "engine/onednn": ["engine", "plan", "graph"],
  "engine/webgpu": ["engine", "plan", "graph"],
  // the comparison of an engine with the reference: what the conformance tests and the benchmark's check share
  "engine/conformance": ["engine", "engine/reference", "plan", "graph", "passes"],
  evaluate: ["engine", "data"],
  // 6: a recipe and a checkpoint name the spec of what they train
  train: ["spec", "model", "graph", "passes", "plan", "engine", "data", "checkpoint", "evaluate"],
  // 7, 8
  study: belowCommands,
  commands: [...belowCommands, "study", "../recipes"],
  // 9: the composition roots; "" is src/index.ts, which exports the library. The library's Node environment is the others' as well.
  library: [...belowCommands, "study", "commands", "../recipes", ...concreteEngines],
  cli: [...belowCommands, "study", "commands", "../recipes", ...concreteEngines, "engine/conformance", "library", ""],
  server: [...belowCommands, "study", "commands", "../recipes", ...concreteEngines, "library", ""],
  web: [...belowCommands, "study", "commands", "../recipes", ...concreteEngines, ""],
  "": [...belowCommands, "study", "commands", "../recipes", ...concreteEngines, "library"],
};

const anyModule = /^node:/;

/**
 * Per folder, the modules of Node that its files may import. Below commands nothing touches the world outside, but for these.
 * The longest folder that fits a file counts.
 */
export const nodeModules: Readonly<Record<string, RegExp>> = {
  "data/node": anyModule, // reads data sets, and decodes in worker threads
  "checkpoint/node": anyModule, // reads and writes weights files
  "engine/onednn": /^node:worker_threads$/, // the one thread that drives oneDNN
  commands: anyModule,
  library: anyModule,
  cli: anyModule,
  server: anyModule,
  "": anyModule,
};

/** Folders, or single files, that may name `process`, `navigator`, the console or the clock: the verbs and the roots, and Node's readers. */
export const ambientFolders: readonly string[] = [
  "engine/onednn/driver.ts", // the file of a thread, which times its calls when it is asked to
  "data/node",
  "data/browser",
  "checkpoint/node",
  "commands",
  "library",
  "cli",
  "server",
  "web",
  "",
];

/** Packages that belong to one place, so that replacing one touches that place only. */
export const packageFolders: Readonly<Record<string, readonly string[]>> = {
  koffi: ["engine/onednn"],
  "@bufbuild/protobuf": ["exchange"],
  "@observablehq/plot": ["commands/report"],
  linkedom: ["commands/report"],
  sharp: ["commands", "data/node", "cli"],
  commander: ["cli"],
  fflate: ["checkpoint"],
  hyparquet: ["data/node", "commands"],
  "hyparquet-writer": ["commands"],
  "tar-stream": ["commands"],
  "cli-progress": ["cli"],
  zod: ["spec", "train", "checkpoint", "exchange", "data", "commands", "cli", "server"],
};

/** Longest file, in lines. */
export const maximumLines = 300;

/** Files that may be longer, each with its reason. */
export const longFiles: Readonly<Record<string, string>> = {};
