import { describe, expect, test } from "vitest";
import { countMacs, countParameters } from "./counts.ts";
import { namedNetworks, namedSpec, resnet } from "./named-networks.ts";

/**
 * MACs of a CIFAR network of 6n + 2 layers: the first convolution, then 2n of 9·16·16 on 32×32, of 9·32·32 on 16×16 and of
 * 9·64·64 on 8×8 (each 2,359,296), of which the first of the second and third stage takes half the channels; and the dense layer.
 */
const cifarMacs = (n: number): number => 9 * 3 * 16 * 32 ** 2 + (6 * n - 1) * 2_359_296 + 64 * 10;

// Parameters: torchvision's `num_params` for 18 to 152 (v1 moves a stride and no weight); the paper's Table 6 in full for CIFAR.
// MACs of the ImageNet networks: Σ over torchvision 0.14.1's modules of output elements × fan-in, for v1 with each
// bottleneck's two strides exchanged. MACs of the CIFAR networks: (432·32² + n·(4608·32² + …) + 640, written out below.
const published: readonly (readonly [name: string, parameters: number, macs: number])[] = [
  ["resnet18", 11_689_512, 1_814_073_344],
  ["resnet34", 21_797_672, 3_663_761_408],
  ["resnet50", 25_557_032, 4_089_184_256],
  ["resnet101", 44_549_160, 7_801_405_440],
  ["resnet152", 60_192_808, 11_513_626_624],
  ["resnet50_v1", 25_557_032, 3_857_973_248],
  ["resnet101_v1", 44_549_160, 7_570_194_432],
  ["resnet152_v1", 60_192_808, 11_282_415_616],
  ["resnet20", 269_722, cifarMacs(3)],
  ["resnet32", 464_154, cifarMacs(5)],
  ["resnet44", 658_586, cifarMacs(7)],
  ["resnet56", 853_018, cifarMacs(9)],
  ["resnet110", 1_727_962, cifarMacs(18)],
  ["resnet1202", 19_421_274, cifarMacs(200)],
  ["resnext50-32x4d", 25_028_904, 4_230_479_872],
  ["resnext101-32x8d", 88_791_336, 16_414_015_488],
  ["resnext101-64x4d", 83_455_272, 15_460_270_080],
  ["wide-resnet50-2", 68_883_240, 11_398_021_120],
  ["wide-resnet101-2", 126_886_696, 22_753_050_624],
];

// Parameters of ResNet-D, as others count them: timm's resnet50d and so on, Keras' and Flax' ports. ResNet-C has as many: averages
// have none.
const deepStems: readonly (readonly [name: string, parameters: number])[] = [
  ["resnet18-d", 11_708_744],
  ["resnet34-d", 21_816_904],
  ["resnet50-d", 25_576_264],
  ["resnet101-d", 44_568_392],
  ["resnet152-d", 60_212_040],
  ["resnet50-deep-stem", 25_576_264],
];

// Parameters that others have published, in millions as their tables round them: timm's resnetv2_* (results-imagenet.csv),
// ResNet-1001 and ResNet-164 of 1603.05027 (10.2 and 1.7 in its table 4; 10.33 counted), ResNeXt-29 of 1611.05431 (table 7),
// wide ResNets of 1605.07146 (table 4).
const rounded: readonly (readonly [name: string, millions: string])[] = [
  ["resnetv2-50", "25.55"],
  ["resnetv2-101", "44.54"],
  ["resnetv2-152", "60.19"],
  ["resnetv2-110", "1.7"],
  ["resnetv2-164", "1.7"],
  ["resnetv2-1001", "10.3"],
  ["resnext29-8x64d", "34.4"],
  ["resnext29-16x64d", "68.2"],
  ["wide-resnet28-10", "36.5"],
  ["wide-resnet40-4", "8.9"],
];

describe("countParameters(spec) and countMacs(spec)", () => {
  test.each(published)("count %s as published", (name, parameters, macs) => {
    const spec = namedSpec(name);
    expect(countParameters(spec)).toBe(parameters);
    expect(countMacs(spec)).toBe(macs);
  });

  test.each(rounded)("count %s as %s million parameters", (name, millions) => {
    const digits = millions.length - millions.indexOf(".") - 1;
    expect((countParameters(namedSpec(name)) / 1e6).toFixed(digits)).toBe(millions);
  });

  test.each(deepStems)("count %s as published", (name, parameters) => {
    expect(countParameters(namedSpec(name))).toBe(parameters);
  });

  // dlib keeps the numbers in f32, batch norms folded to two numbers a channel, with some kilobytes of framing between them.
  test("count dlib's face net as its file of 22,466,066 bytes has numbers", () => {
    const bytes = 4 * countParameters(namedSpec("dlib-face-29"));
    expect(bytes).toBeLessThan(22_466_066);
    expect(bytes).toBeGreaterThan(22_466_066 - 10_000);
  });

  test("count a gate as a 1×1 convolution with bias in each block, and averages as nothing", () => {
    const plain = countParameters(resnet(20));
    const gates = 3 * (16 * 16 + 16) + 16 * 32 + 32 + 2 * (32 * 32 + 32) + 32 * 64 + 64 + 2 * (64 * 64 + 64);
    const modulation = { kind: "exclusive-gate", initialBias: -6 } as const;
    expect(countParameters(resnet(20, { modulation })) - plain).toBe(gates);
    const averaged = resnet(50, { shortcutDownsampling: "average" });
    expect(countParameters(averaged)).toBe(25_557_032);
    expect(countMacs(averaged)).toBe(countMacs(namedSpec("resnet50")));
  });

  test("count both conventions of pre-activation alike: the stem's batch norm is the first block's", () => {
    for (const depth of [50, 101, 152, 200]) {
      const [he, timm] = [namedSpec(`resnetv2-${depth}-he`), namedSpec(`resnetv2-${depth}`)];
      expect(countParameters(he)).toBe(countParameters(timm));
      expect(countMacs(he)).toBe(countMacs(timm));
    }
  });

  test.each([
    ["resnet1202", "2829.24"],
    ["resnet20", "40.55"],
    ["resnet32", "68.86"],
    ["resnet44", "97.17"],
    ["resnet56", "125.49"],
    ["resnet110", "252.89"],
  ])("count %s as %s million MACs", (name, millions) => {
    expect((countMacs(namedSpec(name)) / 1e6).toFixed(2)).toBe(millions);
  });

  test("count a plain CIFAR net as its residual twin, whose shortcuts are free", () => {
    for (const depth of [20, 32, 44, 56]) {
      expect(countParameters(namedSpec(`plain${depth}`))).toBe(countParameters(resnet(depth)));
      expect(countMacs(namedSpec(`plain${depth}`))).toBe(countMacs(resnet(depth)));
    }
  });

  // The paper's Table 1 gives 1.8 and 3.6 GFLOPs for both twins of 18 and 34 layers, to one digit.
  test.each([
    ["plain18", "resnet18"],
    ["plain34", "resnet34"],
  ])("count %s as %s without its three projections", (plain, residual) => {
    const projections = [64 * 128, 128 * 256, 256 * 512];
    const scalesAndShifts = 2 * (128 + 256 + 512);
    const weights = projections.reduce((sum, count) => sum + count, 0);
    expect(countParameters(namedSpec(residual)) - countParameters(namedSpec(plain))).toBe(weights + scalesAndShifts);
    expect(countMacs(namedSpec(residual)) - countMacs(namedSpec(plain))).toBe(
      64 * 128 * 28 ** 2 + 128 * 256 * 14 ** 2 + 256 * 512 * 7 ** 2,
    );
  });

  test("follow the input's channels and the classes", () => {
    const grey = resnet(20, { input: [1, 28, 28], classes: 7 });
    expect(countParameters(grey)).toBe(269_722 - 2 * 9 * 16 - 3 * 65);
  });

  test("count ResNeXt-50 32×4d from its groups, as torchvision does", () => {
    const resnext = resnet(50, { groups: 32, widthPerGroup: 4 });
    expect(countParameters(resnext)).toBe(25_028_904);
    expect(countMacs(resnext)).toBe(4_230_479_872);
  });

  test("leave no named network without numbers", () => {
    expect(namedNetworks.map(({ name }) => name).filter((name) => countMacs(namedSpec(name)) <= 0)).toEqual([]);
  });
});
