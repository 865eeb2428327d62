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
];

describe("countParameters(spec) and countMacs(spec)", () => {
  test.each(published)("count %s as published", (name, parameters, macs) => {
    const spec = namedSpec(name);
    expect(countParameters(spec)).toBe(parameters);
    expect(countMacs(spec)).toBe(macs);
  });

  test.each([
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
