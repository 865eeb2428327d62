import { describe, expect, test } from "vitest";
import { UsageError } from "../base/errors.ts";
import { GraphBuilder } from "../graph/builder.ts";
import { flopsOf } from "../graph/cost-rules.ts";
import { printGraph } from "../graph/print.ts";
import { verifyGraph } from "../graph/verify.ts";
import { differentiate } from "../passes/differentiate.ts";
import { countMacs } from "../spec/counts.ts";
import { ablations } from "../spec/families.ts";
import { layersOf } from "../spec/layers.ts";
import { namedNetworks, namedSpec, resnet } from "../spec/named-networks.ts";
import { parseSpec } from "../spec/parse-spec.ts";
import type { ResNetSpec } from "../spec/spec.ts";
import { buildForward, buildGraph } from "./forward.ts";
import { parameterTable } from "./parameter-table.ts";
import { updateRunningStatistics } from "./running-statistics.ts";

const variants: readonly ResNetSpec[] = [
  ...namedNetworks
    .filter(({ name }) => layersOf(namedSpec(name)).length < 300)
    .map(({ name }) => namedSpec(name, { input: name.startsWith("dlib") ? [3, 103, 110] : [3, 33, 40] })),
  resnet(20, { activation: "pre", zeroPadding: "around", head: { dropout: 0.1 } }),
  ...ablations.map(([, , options]) => resnet(20, options)),
  resnet(20, {
    convolutionBias: true,
    padding: "same",
    blockDropout: 0.2,
    modulation: { kind: "dropout", fraction: 0.5 },
  }),
  resnet(20, { shortcutDownsampling: "average" }),
  resnet(50, { activation: "pre", shortcut: "C", groups: 32, widthPerGroup: 4, input: [3, 64, 64] }),
];
/** Two stages of one block each, small enough to read. */
const tiny = (options: object): ResNetSpec =>
  parseSpec(
    {
      name: "tiny",
      input: [1, 8, 8],
      classes: 3,
      stem: { width: 4, kernel: 3, stride: 1, pool: null },
      stages: [
        { blocks: 1, width: 4, stride: 1 },
        { blocks: 1, width: 8, stride: 2 },
      ],
      block: "basic",
      shortcut: "A",
      ...options,
    },
    "tiny",
  );

describe("buildForward(builder, spec, options)", () => {
  test("gives a graph whose states are the parameter table's tensors, in evaluation", () => {
    for (const spec of variants) {
      const graph = verifyGraph(buildGraph(spec, { mode: "evaluation", batch: 2 }));
      const states = graph.states.map(({ name, shape }) => `${name} ${shape.join("×")}`);
      expect(states).toEqual(parameterTable(spec).map(({ name, shape }) => `${name} ${shape.join("×")}`));
      expect(graph.outputs).toEqual([{ name: "fc", dtype: "f32", shape: [2, spec.classes] }]);
    }
  });

  test("gives, in training, a graph that can be differentiated by every learned parameter, and updates the rest", () => {
    for (const spec of variants) {
      const builder = new GraphBuilder();
      const { logits, parameters, batchStatistics } = buildForward(builder, spec, { mode: "training", batch: 2 });
      const labels = builder.input("labels", "i32", [2]);
      const { loss } = builder.add("softmaxCrossEntropy", "loss", { logits, labels }, { labelSmoothing: 0 });
      const { graph, gradients } = differentiate(builder.build(), loss, parameters);
      expect(parameters.filter(({ name }) => !gradients.has(name))).toEqual([]);

      const whole = GraphBuilder.from(graph);
      updateRunningStatistics(whole, spec, batchStatistics);
      const { states, updates } = verifyGraph(whole.build());
      const table = parameterTable(spec);
      expect(states.map(({ name }) => name).sort()).toEqual(table.map(({ name }) => name).sort());
      expect(updates.map(({ state }) => state.name)).toEqual(
        table.filter(({ role }) => role.startsWith("running")).map(({ name }) => name),
      );
    }
  });

  test("has the convolutions and dense layers that the spec's MACs count, once for each image", () => {
    for (const spec of variants) {
      const { nodes } = buildGraph(spec, { mode: "training", batch: 3 });
      const flops = nodes
        .filter(({ kind }) => kind === "conv2d" || kind === "dense")
        .reduce((sum, node) => sum + flopsOf(node), 0);
      expect(flops).toBe(2 * 3 * countMacs(spec));
    }
  });

  test("builds a v1 network with zero padding", () => {
    const graph = buildGraph(tiny({}), { mode: "training", batch: 2 });
    expect(printGraph({ ...graph, states: [] })).toMatchInlineSnapshot(`
      "input images f32[2, 1, 8, 8]
      step:
        conv1 f32[2, 4, 8, 8] = conv2d(x: images, weight: conv1.weight) stride=[1,1] padding={"top":1,"left":1,"bottom":1,"right":1} groups=1
        bn1.y f32[2, 4, 8, 8], bn1.mean f32[4], bn1.variance f32[4] = batchNormTrain(x: conv1, scale: bn1.weight, shift: bn1.bias) epsilon=0.00001
        relu f32[2, 4, 8, 8] = relu(x: bn1.y)
        layer1.0.conv1 f32[2, 4, 8, 8] = conv2d(x: relu, weight: layer1.0.conv1.weight) stride=[1,1] padding={"top":1,"left":1,"bottom":1,"right":1} groups=1
        layer1.0.bn1.y f32[2, 4, 8, 8], layer1.0.bn1.mean f32[4], layer1.0.bn1.variance f32[4] = batchNormTrain(x: layer1.0.conv1, scale: layer1.0.bn1.weight, shift: layer1.0.bn1.bias) epsilon=0.00001
        layer1.0.relu1 f32[2, 4, 8, 8] = relu(x: layer1.0.bn1.y)
        layer1.0.conv2 f32[2, 4, 8, 8] = conv2d(x: layer1.0.relu1, weight: layer1.0.conv2.weight) stride=[1,1] padding={"top":1,"left":1,"bottom":1,"right":1} groups=1
        layer1.0.bn2.y f32[2, 4, 8, 8], layer1.0.bn2.mean f32[4], layer1.0.bn2.variance f32[4] = batchNormTrain(x: layer1.0.conv2, scale: layer1.0.bn2.weight, shift: layer1.0.bn2.bias) epsilon=0.00001
        layer1.0.add f32[2, 4, 8, 8] = add(a: layer1.0.bn2.y, b: relu)
        layer1.0.relu2 f32[2, 4, 8, 8] = relu(x: layer1.0.add)
        layer2.0.conv1 f32[2, 8, 4, 4] = conv2d(x: layer1.0.relu2, weight: layer2.0.conv1.weight) stride=[2,2] padding={"top":1,"left":1,"bottom":1,"right":1} groups=1
        layer2.0.bn1.y f32[2, 8, 4, 4], layer2.0.bn1.mean f32[8], layer2.0.bn1.variance f32[8] = batchNormTrain(x: layer2.0.conv1, scale: layer2.0.bn1.weight, shift: layer2.0.bn1.bias) epsilon=0.00001
        layer2.0.relu1 f32[2, 8, 4, 4] = relu(x: layer2.0.bn1.y)
        layer2.0.conv2 f32[2, 8, 4, 4] = conv2d(x: layer2.0.relu1, weight: layer2.0.conv2.weight) stride=[1,1] padding={"top":1,"left":1,"bottom":1,"right":1} groups=1
        layer2.0.bn2.y f32[2, 8, 4, 4], layer2.0.bn2.mean f32[8], layer2.0.bn2.variance f32[8] = batchNormTrain(x: layer2.0.conv2, scale: layer2.0.bn2.weight, shift: layer2.0.bn2.bias) epsilon=0.00001
        layer2.0.downsample.subsample f32[2, 4, 4, 4] = subsample(x: layer1.0.relu2) stride=[2,2]
        layer2.0.downsample f32[2, 8, 4, 4] = padChannels(x: layer2.0.downsample.subsample) before=0 after=4
        layer2.0.add f32[2, 8, 4, 4] = add(a: layer2.0.bn2.y, b: layer2.0.downsample)
        layer2.0.relu2 f32[2, 8, 4, 4] = relu(x: layer2.0.add)
        avgpool f32[2, 8] = globalAveragePool(x: layer2.0.relu2)
        fc f32[2, 3] = dense(x: avgpool, weight: fc.weight, bias: fc.bias)
      output fc f32[2, 3]
      "
    `);
  });

  test("builds a v2 network with projections and dropout, for evaluation", () => {
    const spec = tiny({ activation: "pre", shortcut: "B", head: { dropout: 0.5 } });
    const graph = buildGraph(spec, { mode: "evaluation", batch: 2, dtype: "f64" });
    expect(printGraph({ ...graph, states: [] })).toMatchInlineSnapshot(`
      "input images f64[2, 1, 8, 8]
      step:
        conv1 f64[2, 4, 8, 8] = conv2d(x: images, weight: conv1.weight) stride=[1,1] padding={"top":1,"left":1,"bottom":1,"right":1} groups=1
        bn1 f64[2, 4, 8, 8] = batchNormInference(x: conv1, scale: bn1.weight, shift: bn1.bias, mean: bn1.running_mean, variance: bn1.running_var) epsilon=0.00001
        relu f64[2, 4, 8, 8] = relu(x: bn1)
        layer1.0.conv1 f64[2, 4, 8, 8] = conv2d(x: relu, weight: layer1.0.conv1.weight) stride=[1,1] padding={"top":1,"left":1,"bottom":1,"right":1} groups=1
        layer1.0.bn2 f64[2, 4, 8, 8] = batchNormInference(x: layer1.0.conv1, scale: layer1.0.bn2.weight, shift: layer1.0.bn2.bias, mean: layer1.0.bn2.running_mean, variance: layer1.0.bn2.running_var) epsilon=0.00001
        layer1.0.relu2 f64[2, 4, 8, 8] = relu(x: layer1.0.bn2)
        layer1.0.conv2 f64[2, 4, 8, 8] = conv2d(x: layer1.0.relu2, weight: layer1.0.conv2.weight) stride=[1,1] padding={"top":1,"left":1,"bottom":1,"right":1} groups=1
        layer1.0.add f64[2, 4, 8, 8] = add(a: layer1.0.conv2, b: relu)
        layer2.0.bn1 f64[2, 4, 8, 8] = batchNormInference(x: layer1.0.add, scale: layer2.0.bn1.weight, shift: layer2.0.bn1.bias, mean: layer2.0.bn1.running_mean, variance: layer2.0.bn1.running_var) epsilon=0.00001
        layer2.0.relu1 f64[2, 4, 8, 8] = relu(x: layer2.0.bn1)
        layer2.0.conv1 f64[2, 8, 4, 4] = conv2d(x: layer2.0.relu1, weight: layer2.0.conv1.weight) stride=[2,2] padding={"top":1,"left":1,"bottom":1,"right":1} groups=1
        layer2.0.bn2 f64[2, 8, 4, 4] = batchNormInference(x: layer2.0.conv1, scale: layer2.0.bn2.weight, shift: layer2.0.bn2.bias, mean: layer2.0.bn2.running_mean, variance: layer2.0.bn2.running_var) epsilon=0.00001
        layer2.0.relu2 f64[2, 8, 4, 4] = relu(x: layer2.0.bn2)
        layer2.0.conv2 f64[2, 8, 4, 4] = conv2d(x: layer2.0.relu2, weight: layer2.0.conv2.weight) stride=[1,1] padding={"top":1,"left":1,"bottom":1,"right":1} groups=1
        layer2.0.downsample.0 f64[2, 8, 4, 4] = conv2d(x: layer2.0.relu1, weight: layer2.0.downsample.0.weight) stride=[2,2] padding={"top":0,"left":0,"bottom":0,"right":0} groups=1
        layer2.0.add f64[2, 8, 4, 4] = add(a: layer2.0.conv2, b: layer2.0.downsample.0)
        bn f64[2, 8, 4, 4] = batchNormInference(x: layer2.0.add, scale: bn.weight, shift: bn.bias, mean: bn.running_mean, variance: bn.running_var) epsilon=0.00001
        reluLast f64[2, 8, 4, 4] = relu(x: bn)
        avgpool f64[2, 8] = globalAveragePool(x: reluLast)
        fc f64[2, 3] = dense(x: avgpool, weight: fc.weight, bias: fc.bias)
      output fc f64[2, 3]
      "
    `);
  });

  test("drops with the key that the caller gives, only in training", () => {
    const spec = resnet(20, { head: { dropout: 0.25 } });
    const built = (mode: "training" | "evaluation") => buildForward(new GraphBuilder(), spec, { mode, batch: 2 });
    expect(built("training").dropoutKey).toEqual({ name: "dropoutKey", dtype: "i32", shape: [2] });
    expect(built("evaluation").dropoutKey).toBeNull();
    const { nodes } = buildGraph(spec, { mode: "training", batch: 2 });
    expect(nodes.find(({ kind }) => kind === "dropout")?.params).toEqual({ rate: 0.25, stream: 0 });
  });

  test("gives every dropping layer a random stream of its own under the one key", () => {
    const spec = resnet(20, { modulation: { kind: "dropout", fraction: 0.5 }, blockDropout: 0.25 });
    const { nodes, inputs } = buildGraph(spec, { mode: "training", batch: 2 });
    const streams = nodes.flatMap((node) => (node.kind === "dropout" ? [node.params.stream] : []));
    expect(streams).toEqual(Array.from({ length: 18 }, (_, stream) => stream));
    expect(inputs.map(({ name }) => name)).toEqual(["images", "dropoutKey"]);
  });

  test("refuses to train batch norm on a single value, and evaluates it", () => {
    const spec = resnet(18, { input: [3, 32, 32] });
    expect(() => buildGraph(spec, { mode: "training", batch: 1 })).toThrow(
      new UsageError(
        "resnet18: layer4.0.bn1 can't train on a batch of one image with a map of 1×1, whose single value has no variance; take a batch of at least 2",
      ),
    );
    expect(buildGraph(spec, { mode: "evaluation", batch: 1 }).outputs.length).toBe(1);
  });
});

describe("buildGraph(spec, options), for the other layers,", () => {
  const nodeOf = (spec: ResNetSpec, name: string) =>
    buildGraph(spec, { mode: "training", batch: 2 }).nodes.find((node) => node.name === name);

  test("adds biases behind convolutions that have them", () => {
    const node = nodeOf(tiny({ convolutionBias: true }), "layer1.0.conv1");
    expect(node?.kind).toBe("addBias");
    expect(node?.operands).toMatchObject({ bias: { name: "layer1.0.conv1.bias", shape: [4] } });
  });

  test("builds a gate from a convolution, a bias, a sigmoid and its complement", () => {
    const spec = tiny({ modulation: { kind: "exclusive-gate", initialBias: -6 } });
    expect(
      ["gate.unbiased", "gate", "gate.sigmoid", "gate.complement", "gatedShortcut", "gatedBranch"].map(
        (name) => nodeOf(spec, `layer1.0.${name}`)?.kind,
      ),
    ).toEqual(["conv2d", "addBias", "sigmoid", "affine", "multiply", "multiply"]);
  });

  test("doesn't count padding in averages", () => {
    const node = nodeOf(tiny({ shortcutDownsampling: "average", input: [1, 7, 8] }), "layer2.0.downsample.0");
    expect(node?.params).toEqual({
      kernel: [2, 2],
      stride: [2, 2],
      padding: { top: 0, left: 0, bottom: 1, right: 0 },
      countPadding: false,
    });
  });
});

describe("updateRunningStatistics(builder, spec, statistics)", () => {
  test("weighs the new batch with the momentum and takes the unbiased variance", () => {
    const spec = tiny({ batchNorm: { momentum: 0.25 } });
    const builder = new GraphBuilder();
    const { batchStatistics } = buildForward(builder, spec, { mode: "training", batch: 2 });
    updateRunningStatistics(builder, spec, batchStatistics);
    const { nodes } = builder.build();
    const coefficients = (name: string) => nodes.find((node) => node.name === name)?.params;
    expect(coefficients("bn1.running_mean.next")).toEqual({ coefficients: { running: 0.75, batch: 0.25 } });
    // 2 images of 8×8 pixels: M = 128
    expect(coefficients("bn1.running_var.next")).toEqual({
      coefficients: { running: 0.75, batch: 0.25 * (128 / 127) },
    });
  });

  test("takes the biased variance where the spec says so", () => {
    const spec = tiny({ batchNorm: { momentum: 0.25, runningVariance: "biased" } });
    const builder = new GraphBuilder();
    const { batchStatistics } = buildForward(builder, spec, { mode: "training", batch: 2 });
    updateRunningStatistics(builder, spec, batchStatistics);
    expect(builder.build().nodes.find(({ name }) => name === "bn1.running_var.next")?.params).toEqual({
      coefficients: { running: 0.75, batch: 0.25 },
    });
  });
});
