// Runs a graph once on an engine: see src/engine/conformance, where the comparison itself lives.
export { type GraphRun, runGraph } from "../../src/engine/conformance/run-graph.ts";
