// Whole training steps of residual and plain networks on an engine, compared with f64.
import { describe, expect, test } from "vitest";
import { checkNodes } from "../../src/engine/conformance/check-nodes.ts";
import { compareGraph, worstOf } from "../../src/engine/conformance/compare-graph.ts";
import type { Engine } from "../../src/engine/contract.ts";
import { parameterTable } from "../../src/model/parameter-table.ts";
import { namedSpec } from "../../src/spec/named-networks.ts";
import type { ResNetSpec } from "../../src/spec/spec.ts";
import { type Freezing, frozenParts } from "../../src/train/freezing.ts";
import { type TrainingStep, trainingStep } from "./training-step.ts";

/** Networks on images small enough for the reference kernels, yet with 2×2 pixels in the last stage. */
const steps = {
  resnet20: { batch: 4, size: 16 },
  plain20: { batch: 4, size: 16 },
  resnet18: { batch: 2, size: 48 },
  resnet50: { batch: 2, size: 48 },
} as const;
export type SteppedNetwork = keyof typeof steps;

/** Fine-tuning: running statistics and what is frozen are read, and stay. */
const fineTunings = {
  "resnet18, its batch norms' statistics fixed": { network: "resnet18", freeze: "none", batchNorm: "fixed-statistics" },
  "resnet20, its stem and a stage frozen": { network: "resnet20", freeze: { stages: 1 }, batchNorm: "train" },
  "resnet20, its body frozen": { network: "resnet20", freeze: "body", batchNorm: "train" },
} as const;
export type FineTuning = keyof typeof fineTunings;

const learnedOf = (spec: ResNetSpec, freezing: Freezing): number => {
  const { learns } = frozenParts(spec, freezing);
  return parameterTable(spec).filter(({ name }) => learns(name)).length;
};

/** Running a large network in f64 half a dozen times takes a minute on a busy machine. */
const timeoutMs = 300_000;

/** Declares one test for each network. `createEngine` makes an engine that the test disposes of. */
export const describeTrainingSteps = (
  engineName: Engine["name"],
  createEngine: () => Promise<Engine>,
  networks: readonly SteppedNetwork[],
  fineTuned: readonly FineTuning[] = [],
): void => {
  /** Gives the number of values that agree. */
  const compare = async (title: string, { graph, tensors }: TrainingStep): Promise<number> => {
    const engine = await createEngine();
    try {
      const comparisons = await compareGraph(engine, graph, tensors);
      const worst = worstOf(comparisons);
      console.info(
        `${engineName}, ${title}: ${comparisons.length} values, the worst is ${worst.name} with ${worst.share.toPrecision(2)} of what it may be off by`,
      );
      expect(worst.share, worst.name).toBeLessThanOrEqual(1);
      return comparisons.length;
    } finally {
      await engine.dispose();
    }
  };

  describe(`a training step on ${engineName}`, () => {
    test.each(networks)("of %s agrees with f64", { timeout: timeoutMs }, async (network) => {
      const { batch, size } = steps[network];
      const step = trainingStep(namedSpec(network, { input: [3, size, size], classes: 10 }), batch);
      expect(await compare(network, step)).toBeGreaterThan(100);
    });
    test.each(fineTuned)("of %s, agrees with f64", { timeout: timeoutMs }, async (name) => {
      const { network, ...freezing } = fineTunings[name];
      const { batch, size } = steps[network];
      const spec = namedSpec(network, { input: [3, size, size], classes: 10 });
      const compared = await compare(name, trainingStep(spec, batch, "f32", frozenParts(spec, freezing)));
      // Logits, loss, three norms; of each parameter that learns its gradient, velocity and value.
      expect(compared).toBeGreaterThanOrEqual(5 + 3 * learnedOf(spec, freezing));
    });
  });
};

/**
 * The same in bf16: every node against the very operands that the engine had and, of the networks that the reference kernels run
 * several times in reasonable time, the step as a whole.
 */
export const describeBf16Steps = (
  engineName: Engine["name"],
  createEngine: () => Promise<Engine>,
  networks: readonly SteppedNetwork[],
  whole: readonly SteppedNetwork[],
): void => {
  describe(`a training step in bf16 on ${engineName}`, () => {
    const stepOf = (network: SteppedNetwork) => {
      const { batch, size } = steps[network];
      return trainingStep(namedSpec(network, { input: [3, size, size], classes: 10 }), batch, "f32", null, "bf16");
    };

    test.each(networks)("of %s is right at every node", { timeout: timeoutMs }, async (network) => {
      const { graph, tensors } = stepOf(network);
      const engine = await createEngine();
      try {
        const checks = await checkNodes(engine, graph, tensors);
        const worst = worstOf(checks);
        expect(checks.length).toBeGreaterThan(300);
        expect(worst.share, worst.name).toBeLessThanOrEqual(1);
      } finally {
        await engine.dispose();
      }
    });

    test.each(whole)("of %s agrees with the reference as a whole", { timeout: timeoutMs }, async (network) => {
      const { graph, tensors } = stepOf(network);
      const engine = await createEngine();
      try {
        const worst = worstOf(await compareGraph(engine, graph, tensors));
        console.info(
          `${engineName}, ${network} in bf16: the worst is ${worst.name} with ${worst.share.toPrecision(2)} of what it may be off by`,
        );
        expect(worst.share, worst.name).toBeLessThanOrEqual(1);
      } finally {
        await engine.dispose();
      }
    });
  });
};
