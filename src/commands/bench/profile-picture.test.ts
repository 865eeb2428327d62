import { parseHTML } from "linkedom";
import { describe, expect, test } from "vitest";
import type { ProfileReport } from "./profile.ts";
import { profilePicture } from "./profile-picture.ts";
import type { ProfileRow } from "./profile-rows.ts";
import { outsideCalls, type ProfileBranch, profileTree } from "./profile-tree.ts";

const row = (node: string, pass: ProfileRow["pass"], seconds: number, slow: ProfileRow["slow"] = null): ProfileRow => ({
  ...{ node, pass, seconds, slow, op: "convolution", implementation: "jit<&>", fraction: seconds / 10 },
  ...{ flops: 0, gflops: 0, roofFraction: null, gigabytesPerSecond: null },
});
const nodes: readonly ProfileRow[] = [
  row("constant 1", "prepare", 0.5),
  row("conv1", "forward", 1),
  row("bn1+relu", "forward", 1),
  row("layer1.0.conv1 (reorder of layer1.0.conv1.weight)", "forward", 0.5),
  row("layer1.0.bn1+layer1.0.relu1", "forward", 1),
  row("layer2.0.conv1", "forward", 1, "gemm"),
  row("fc", "forward", 1),
  row("layer2.0.conv1.dx", "backward", 2),
  row("relu.gradient8", "backward", 1),
  row("layer2.0.conv1.weight.next", "update", 1),
];
const report: ProfileReport = { runs: 3, runSeconds: 12, callSeconds: 10, nodes, totals: [] };

/** "name seconds" of each branch, indented by depth. */
const outline = ({ name, seconds, parts }: ProfileBranch, depth = 0): readonly string[] => [
  `${"  ".repeat(depth)}${name} ${seconds}`,
  ...parts.flatMap((part) => outline(part, depth + 1)),
];

describe("profileTree(report)", () => {
  test("goes from the run to passes, stages, blocks and nodes, in the order of the run", () => {
    expect(outline(profileTree(report))).toEqual([
      "one run 12",
      "  prepare 0.5",
      "    head 0.5",
      "      constant 1 0.5",
      "  forward 5.5",
      "    stem 2",
      "      conv1 1",
      "      bn1+relu 1",
      "    layer1 1.5",
      "      0 1.5",
      "        conv1 (reorder of conv1.weight) 0.5",
      "        bn1+relu1 1",
      "    layer2 1",
      "      0 1",
      "        conv1 1",
      "    head 1",
      "      fc 1",
      "  backward 3",
      "    layer2 2",
      "      0 2",
      "        conv1.dx 2",
      "    stem 1",
      "      relu.gradient8 1",
      "  update 1",
      "    layer2 1",
      "      0 1",
      "        conv1.weight.next 1",
      `  ${outsideCalls} 2`,
    ]);
  });

  test("never lets the rest be negative when medians add up to more than the run", () => {
    const parts = profileTree({ ...report, runSeconds: 9 }).parts;
    expect(parts.at(-1)).toMatchObject({ name: outsideCalls, seconds: 0 });
  });
});

describe("profilePicture(report, heading)", () => {
  const { text, width } = profilePicture(report, "train resnet20");
  const { document } = parseHTML(text);

  test("draws each node as wide as it is long, within the branch above it", () => {
    const boxes = [...document.querySelectorAll("rect")].map((each) => ({
      title: each.parentNode?.querySelector("title")?.textContent ?? "",
      x: Number(each.getAttribute("x")),
      w: Number(each.getAttribute("width")),
    }));
    const find = (start: string) => boxes.find(({ title }) => title.startsWith(start));
    const whole = find("one run: ");
    expect(whole?.w).toBeGreaterThan(0.9 * width);
    const dx = find("layer2.0.conv1.dx: ");
    expect(dx?.w).toBeCloseTo(((whole?.w ?? 0) * 2) / 12, 1);
    const backward = find("backward: ");
    expect(dx?.x).toBeCloseTo(backward?.x ?? 0, 1);
    expect(find(outsideCalls)?.w).toBeCloseTo(((whole?.w ?? 0) * 2) / 12, 1);
  });

  test("escapes names, and marks reference code and gemm", () => {
    expect(text).toContain("jit&lt;&amp;&gt;");
    expect(text).toContain("gemm! conv1");
    expect(text).toContain("train resnet20");
  });
});
