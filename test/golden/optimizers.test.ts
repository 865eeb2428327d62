// Every optimiser, clipping and the moving average, for six steps of given gradients, against PyTorch (LARS and LAMB against the papers'
// formulas in numpy), once with each gradient as it is and once as the mean of three batches'.
import { afterAll, describe, expect, test } from "vitest";
import { allocate, type FloatDType, unitRoundoff } from "../../src/base/dtype.ts";
import { type HostTensor, scalar, tensor, zeros } from "../../src/base/tensor.ts";
import type { Engine, Program } from "../../src/engine/contract.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import type { Graph } from "../../src/graph/graph.ts";
import { verifyGraph } from "../../src/graph/verify.ts";
import { accumulateGradients, accumulationDecay } from "../../src/passes/accumulate-gradients.ts";
import type { LearnedParameter } from "../../src/passes/optimizers.ts";
import { addUpdate } from "../../src/passes/update.ts";
import { makePlan } from "../../src/plan/plan.ts";
import { averageDecayAt, averageName, averageWeights, averagingGraph } from "../../src/train/weight-average.ts";
import { goldenEngines, openOrReason } from "./engines.ts";
import { readFixture } from "./fixtures.ts";
import { uniform } from "./formula.ts";

const { seed, shapes, decays, rates, paths } = readFixture("optimizers");
const names = Object.keys(shapes);
const isBias = (name: string): boolean => name === "bias";

const made = (name: string, dtype: FloatDType, factor = 1): HostTensor => {
  const shape = shapes[name.split(".")[0] ?? ""] ?? [];
  const values = uniform(seed, name, shape, 0, 1).data;
  const data = allocate(dtype, values.length);
  for (let i = 0; i < data.length; i++) data[i] = factor * (values[i] ?? 0);
  return tensor(dtype, shape, data);
};

/** The weights as states, their gradients as inputs. */
const givenGradients = (dtype: FloatDType): { graph: Graph; parameters: LearnedParameter[] } => {
  const builder = new GraphBuilder();
  const parameters = names.map((name) => ({
    weight: builder.state(name, dtype, shapes[name] ?? []),
    gradient: builder.input(`${name}.gradient`, dtype, shapes[name] ?? []),
    weightDecay: decays[name] ?? 0,
    adapts: !isBias(name),
  }));
  return { graph: builder.build(), parameters };
};

const graphsOf = (title: string, dtype: FloatDType, batches: number): { first: Graph; update: Graph | null } => {
  const { optimizer, clipping = null } = paths[title]!;
  const { graph, parameters } = givenGradients(dtype);
  if (batches === 1) return { first: addUpdate(graph, { parameters, optimizer, clipping }), update: null };
  const accumulating = accumulateGradients(graph, parameters);
  const states = new GraphBuilder();
  for (const { weight, gradient } of accumulating.parameters) {
    states.state(weight.name, dtype, weight.shape);
    states.state(gradient.name, dtype, gradient.shape);
  }
  const options = { parameters: accumulating.parameters, optimizer, clipping };
  return { first: accumulating.graph, update: addUpdate(states.build(), options) };
};

/** What the gradients of three batches are of their mean: they sum to three times it, exactly. */
const shares = [0.5, 2, 0.5];

const runPath = async (engine: Engine, title: string, dtype: FloatDType, batches: number): Promise<number> => {
  const { average, weights } = paths[title]!;
  const { first, update } = graphsOf(title, dtype, batches);
  const averaging =
    average === undefined ? null : averagingGraph(first.states.filter(({ name }) => names.includes(name)));
  const graphs = [first, update, averaging].filter((graph): graph is Graph => graph !== null);
  const tensors = new Map<string, HostTensor>();
  for (const { states } of graphs.map(verifyGraph)) {
    for (const { name, shape } of states) tensors.set(name, zeros(dtype, shape));
  }
  for (const name of names.filter((each) => each !== "zero")) {
    tensors.set(name, made(name, dtype));
    if (averaging) tensors.set(averageName(name), made(name, dtype));
  }
  const state = await engine.createState(tensors);
  const compiled: Program[] = [];
  for (const graph of graphs) compiled.push(await engine.compile(makePlan(graph), state));
  const [stepping, updating = stepping] = [compiled[0]!, update === null ? compiled[0]! : compiled[1]!];

  let worst = 0;
  for (const [step, rate] of rates.entries()) {
    const numbers = { learningRate: scalar(dtype, rate), updateNumber: scalar(dtype, step + 1) };
    const gradientsTimes = (factor: number) =>
      Object.fromEntries(names.map((name) => [`${name}.gradient`, made(`${name}.gradient.${step}`, dtype, factor)]));
    if (update === null) await stepping.run({ ...gradientsTimes(1), ...numbers }, "update");
    else {
      for (const [index, share] of shares.entries()) {
        const accumulationDecayOf = { accumulationDecay: scalar(dtype, accumulationDecay(index)) };
        await stepping.run({ ...gradientsTimes(share), ...accumulationDecayOf }, "update");
      }
      await updating.run(numbers, "update");
    }
    const ema = { decay: average ?? 0, warmup: null, everySteps: 1 };
    if (averaging) await averageWeights(compiled.at(-1)!, averageDecayAt(ema, step + 1, 1));
    const now = await state.read();
    for (const name of names) {
      const actual = now.get(averaging ? averageName(name) : name)?.data ?? [];
      for (const [i, expected] of (weights[step]?.[name] ?? []).entries()) {
        worst = Math.max(worst, Math.abs((actual[i] ?? Number.NaN) - expected));
      }
    }
  }
  for (const program of compiled) await program.dispose();
  await state.dispose();
  return worst;
};

/**
 * A direction goes through fewer than 64 roundings, norms of 24 elements and averages of 3 batches included, each relative to numbers
 * that aren't above `largest`: those of six steps add up.
 */
const allowed = (title: string, dtype: FloatDType): number => {
  const largest = Math.max(1, ...paths[title]!.weights.flatMap((named) => Object.values(named).flat()).map(Math.abs));
  return rates.length * 64 * unitRoundoff[dtype] * largest;
};

for (const goldenEngine of goldenEngines) {
  const engine = await openOrReason(goldenEngine);
  const title = `optimisers on the engine ${goldenEngine.name}`;
  if (typeof engine === "string") {
    test.skip(`${title}: skipped, for ${engine}`, () => {});
    continue;
  }
  describe(title, () => {
    afterAll(() => engine.dispose());
    for (const dtype of goldenEngine.dtypes) {
      // The averaging program's decay is f32, as the product's is.
      const able = Object.keys(paths).filter((name) => dtype === "f32" || paths[name]?.average === undefined);
      test.each(able)(`%s, in ${dtype}: each step within the bound`, async (path) => {
        expect(await runPath(engine, path, dtype, 1)).toBeLessThanOrEqual(allowed(path, dtype));
      });
      test.each(able)(`%s, in ${dtype}, gradients of three batches`, async (path) => {
        expect(await runPath(engine, path, dtype, 3)).toBeLessThanOrEqual(allowed(path, dtype));
      });
    }
  });
}
