// Every operation has its cases: the table is total, an operation without a line does not compile. Chains that engines fuse
// are in fused-cases.ts.
import type { OpKind } from "../../../src/graph/ops.ts";
import { averagePoolCases } from "./average-pool-cases.ts";
import { batchNormCases } from "./batch-norm-cases.ts";
import type { CaseTable } from "./case.ts";
import { convCases } from "./conv-cases.ts";
import { foldCases } from "./fold-cases.ts";
import { gateCases } from "./gate-cases.ts";
import { headCases } from "./head-cases.ts";
import { imageCases } from "./image-cases.ts";
import { quantizedCases } from "./quantized-cases.ts";
import { updateCases } from "./update-cases.ts";

export const cases: CaseTable<Exclude<OpKind, "fused">> = {
  ...convCases,
  ...batchNormCases,
  ...foldCases,
  ...imageCases,
  ...averagePoolCases,
  ...gateCases,
  ...headCases,
  ...quantizedCases,
  ...updateCases,
};
