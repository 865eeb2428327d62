// One suite for all engines: every case of every operation, then chains that the engine fuses, compared with f64. A value that one
// rounded operation made is compared element by element with that operation's bound; others as compare-graph.ts does.
import { afterAll, describe, expect, test } from "vitest";
import type { Precision } from "../../src/base/dtype.ts";
import { MissingError, UnsupportedError } from "../../src/base/errors.ts";
import { compareGraph, worstOf } from "../../src/engine/conformance/compare-graph.ts";
import { type Comparison, compareElements } from "../../src/engine/conformance/compare-values.ts";
import { interpret } from "../../src/engine/conformance/interpret.ts";
import { randomTensors } from "../../src/engine/conformance/random-tensors.ts";
import { runGraph } from "../../src/engine/conformance/run-graph.ts";
import type { Engine } from "../../src/engine/contract.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import type { Graph } from "../../src/graph/graph.ts";
import type { Value } from "../../src/graph/value.ts";
import { fuse } from "../../src/passes/fuse.ts";
import { withPrecision } from "../../src/passes/precision.ts";
import type { Case } from "./cases/case.ts";
import { cases } from "./cases/cases.ts";
import { fusedCases } from "./cases/fused-cases.ts";

export interface ConformanceOptions {
  readonly engineName: Engine["name"];
  /** In what activations are computed. */
  readonly precision: Precision;
  /** Throws MissingError where this machine lacks what the engine needs: then all is skipped, and said. */
  readonly createEngine: () => Promise<Engine>;
  /** Cases, as `kind: title`, that the engine refuses, and why. That it does refuse them is tested. */
  readonly skip?: readonly { readonly reason: string; readonly cases: readonly string[] }[];
}

/** The graph of a case with its activations in a type, and with the values to compare as outputs. */
const graphOf = (build: Case, precision: Precision): Graph => {
  const builder = new GraphBuilder();
  for (const value of build(builder, "f32")) builder.output(value);
  return withPrecision(builder.build(), precision);
};

/** The bf16 or u8 value of which a value is the f32 copy; else itself. */
const castFrom = (graph: Graph, value: Value): Value => {
  const cast = graph.nodes.find((node) => node.kind === "cast" && node.results.y.name === value.name);
  return cast?.kind === "cast" && cast.operands.x.dtype !== "f32" ? cast.operands.x : value;
};

const compareCase = async (engine: Engine, graph: Graph): Promise<readonly Comparison[]> => {
  const tensors = randomTensors(graph, 1);
  const { elements, bounds, unrounded } = interpret(graph, tensors);
  const rounded = graph.nodes.filter(({ results }) =>
    Object.values(results).some(({ name }) => (bounds.get(name)?.roundings ?? 0) > 0),
  );
  const operandsAreExact = rounded.every((node) => node === graph.nodes.findLast(({ kind }) => kind !== "cast"));
  if (!operandsAreExact) return compareGraph(engine, graph, tensors);
  const run = await runGraph(engine, graph, tensors);
  const outputs = graph.outputs.map((value) => ({
    name: value.name,
    made: castFrom(graph, value),
    actual: run.outputs.get(value.name),
  }));
  const states = graph.updates.map(({ state, value }) => ({
    name: state.name,
    made: value,
    actual: run.states.get(state.name),
  }));
  return [...outputs, ...states].map(({ name, made, actual }) => {
    const bound = bounds.get(made.name);
    // Where there is nothing to round but the type, not a bit may differ.
    const isExact = bound?.roundings === 0;
    const expected = isExact ? elements.get(name) : (unrounded.get(made.name) ?? elements.get(made.name));
    if (!actual || !expected || !bound) throw new Error(`${engine.name} gave no value for ${name}`);
    return compareElements(name, actual.data, expected, bound, made.dtype === "bf16" ? "bf16" : "f32");
  });
};

const expectShares = (comparisons: readonly Comparison[]): void => {
  expect(comparisons.length).toBeGreaterThan(0);
  const worst = worstOf(comparisons);
  const { name, error, allowed, share } = worst;
  if (!(share <= 1)) expect.fail(`${name} is off by ${error}, ${share} times the ${allowed} that it may be`);
};

const createOrExplain = async (create: () => Promise<Engine>): Promise<Engine | string> => {
  try {
    return await create();
  } catch (error) {
    if (error instanceof MissingError) return error.message;
    throw error;
  }
};

/** Declares the suite for one engine. Await it at the top of a test file. */
export const runConformance = async ({
  engineName,
  precision,
  createEngine,
  skip = [],
}: ConformanceOptions): Promise<void> => {
  const title = `${engineName} in ${precision}`;
  const engine = await createOrExplain(createEngine);
  if (typeof engine === "string") {
    console.warn(`conformance of ${title} was not tested: ${engine}`);
    describe.skip(`conformance of ${title}: ${engine}`, () => {
      test("every operation", () => {});
    });
    return;
  }
  const refusals = new Map(skip.flatMap(({ reason, cases }) => cases.map((name) => [name, reason])));
  const shares = new Map<string, number>();

  describe(`conformance of ${title}`, () => {
    afterAll(async () => {
      await engine.dispose();
      const used = [...shares].map(([kind, share]) => `${kind} ${share.toPrecision(2)}`);
      console.info(`${title}: the largest share of the allowed error that was used: ${used.join(", ")}`);
    });

    for (const [kind, titled] of [...Object.entries(cases), ["fused", fusedCases] as const]) {
      for (const [caseTitle, build] of Object.entries(titled)) {
        const name = `${kind}: ${caseTitle}`;
        const refusal = refusals.get(name);
        refusals.delete(name);
        if (refusal !== undefined) {
          test(`${name} is refused: ${refusal}`, async () => {
            await expect(compareCase(engine, graphOf(build, precision))).rejects.toThrow(UnsupportedError);
          });
          continue;
        }
        test(name, async () => {
          const graph = graphOf(build, precision);
          expect(kind === "fused" || graph.nodes.some((node) => node.kind === kind)).toBe(true);
          const comparisons = await compareCase(engine, graph);
          shares.set(kind, Math.max(shares.get(kind) ?? 0, worstOf(comparisons).share));
          expectShares(comparisons);
        });
      }
    }

    for (const rule of engine.fusions) {
      test(`the fusion ${rule.name} is applied in one of the cases`, () => {
        const graphs = Object.values(fusedCases).map((build) => fuse(graphOf(build, precision), engine.fusions));
        const applied = graphs.some(({ nodes }) =>
          nodes.some((node) => node.kind === "fused" && node.params.rule === rule.name),
        );
        expect(applied).toBe(true);
      });
    }

    test("every case that is said to be refused exists", () => {
      expect([...refusals.keys()]).toEqual([]);
    });
  });
};
