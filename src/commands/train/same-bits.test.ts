import { expect, test } from "vitest";
import { differingBits } from "./same-bits.ts";

const record = {
  engine: "onednn",
  threads: 2,
  convolution: "direct",
  versions: { residual: "0.1.0", node: "20.0.0", onednn: "2.6.3" },
  hardware: { cpu: "AMD EPYC", cores: 2, memoryBytes: 1 },
} as const;
const same = { engine: { name: "onednn" }, version: "2.6.3", threads: 2, convolution: "direct" } as const;

test("differingBits(record, chosen, cpu) is null where nothing is another", () => {
  expect(differingBits(record, same, "AMD EPYC")).toBeNull();
  expect(differingBits({ ...record, convolution: undefined }, same, "AMD EPYC")).toBeNull();
});

test("differingBits(record, chosen, cpu) says what is another", () => {
  expect(differingBits(record, { ...same, version: "2.7.0", threads: 1, convolution: "auto" }, "Xeon")).toBe(
    "the run goes on with other means than it was begun with (threads 2 → 1, algorithm of convolutions direct → auto, " +
      "library 2.6.3 → 2.7.0, processor AMD EPYC → Xeon): it is not bit-equal to an unbroken one",
  );
  expect(differingBits(record, { ...same, engine: { name: "reference" }, version: null }, "AMD EPYC")).toBe(
    "the run goes on with other means than it was begun with (engine onednn → reference): it is not bit-equal to an unbroken one",
  );
});
