// `residual quantize`: writes weights of bytes, and shows how often they answer as those they were made from.
import { type QuantizeOptions, quantize } from "../commands/quantize.ts";
import { formatCount, formatInterval, formatMetric } from "../commands/report/format.ts";
import { answer, type Session } from "./session.ts";
import { left, right, tableLines } from "./table.ts";
import { formatBytes } from "./units.ts";

export const answerQuantize = async (options: QuantizeOptions, session: Session): Promise<void> => {
  const { document, agreement, top1 } = await quantize(options, session.environment);
  const { split, n, file, bytes, calibrationImages } = document;
  answer(session, document, () => [
    ...tableLines(
      [left(`${split}, ${formatCount(n)} images`), right("value"), left("95 % interval")],
      [
        ["same answer as before", formatMetric(agreement), formatInterval(agreement)],
        ...(top1 === null
          ? []
          : [
              ["top-1 before", formatMetric(top1.f32), formatInterval(top1.f32)],
              ["top-1 in int8", formatMetric(top1.int8), formatInterval(top1.int8)],
            ]),
      ],
    ),
    `written   ${file}, ${formatBytes(bytes)}; activations measured on ${formatCount(calibrationImages)} training images`,
  ]);
};
