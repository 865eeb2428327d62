// Which trainings the cost curves are made of: data. A point that several curves share is measured once.
import type { Precision } from "../../src/base/dtype.ts";

/** What is measured at a point: whole training steps on synthetic images. */
export interface CurvePoint {
  readonly model: string;
  readonly batch: number;
  readonly dtype: Precision;
  /** Height and width. */
  readonly image: number;
  readonly threads: number;
}

export interface Curve {
  /** Of the picture's file, and of the section. */
  readonly name: string;
  readonly title: string;
  /** What grows, along the axis, and of the panel. */
  readonly axis: string;
  /** Of a point. */
  readonly at: (point: CurvePoint) => number;
  /** From which to which network, size or batch: one panel each, with a line for each type. */
  readonly panels: readonly { readonly title: string; readonly points: readonly Omit<CurvePoint, "dtype">[] }[];
}

/** The digits of a network's name are its depth. */
const depthOf = ({ model }: CurvePoint): number => Number(/\d+/.exec(model)?.[0]);

const small = { model: "resnet20", batch: 128, image: 32 };
const large = { model: "resnet50", batch: 8, image: 224 };

/** All by `threads` threads, but for the curve over threads. */
export const curvesFor = (threads: number): readonly Curve[] => {
  const each = <K extends "model" | "batch" | "image">(
    base: typeof small,
    what: K,
    values: readonly (typeof small)[K][],
  ) => values.map((value) => ({ ...base, [what]: value, threads }));
  return [
    {
      ...{ name: "depth", title: "Cost by depth", axis: "layers", at: depthOf },
      panels: [
        {
          title: "ResNet-20 … 110 on 32×32, batch 128",
          points: each(small, "model", ["resnet20", "resnet32", "resnet44", "resnet56", "resnet110"]),
        },
        {
          title: "ResNet-18 … 152 on 224×224, batch 8",
          points: each(large, "model", ["resnet18", "resnet34", "resnet50", "resnet101", "resnet152"]),
        },
      ],
    },
    {
      ...{ name: "batch", title: "Cost by batch", axis: "images of a batch", at: ({ batch }) => batch },
      panels: [
        { title: "ResNet-20 on 32×32", points: each(small, "batch", [8, 32, 128, 512]) },
        { title: "ResNet-50 on 224×224", points: each(large, "batch", [1, 2, 4, 8, 16]) },
      ],
    },
    {
      ...{ name: "image", title: "Cost by image size", axis: "height and width, pixels", at: ({ image }) => image },
      panels: [
        { title: "ResNet-20, batch 128", points: each(small, "image", [16, 24, 32, 48, 64]) },
        { title: "ResNet-50, batch 8", points: each(large, "image", [64, 96, 128, 160, 224, 288]) },
      ],
    },
    {
      ...{ name: "threads", title: "Cost by threads", axis: "threads", at: (point) => point.threads },
      panels: [
        { title: "ResNet-20 on 32×32, batch 128", points: [1, threads].map((n) => ({ ...small, threads: n })) },
        { title: "ResNet-50 on 224×224, batch 8", points: [1, threads].map((n) => ({ ...large, threads: n })) },
      ],
    },
  ];
};

export const precisions: readonly Precision[] = ["f32", "bf16"];

export const keyOf = ({ model, batch, dtype, image, threads }: CurvePoint): string =>
  `${model} ${dtype} ${batch}×${image}×${image} ${threads}`;

/** Every point of the curves once, in their order, first all of one type. */
export const pointsOf = (curves: readonly Curve[]): readonly CurvePoint[] => {
  const points = precisions.flatMap((dtype) =>
    curves.flatMap(({ panels }) => panels.flatMap((panel) => panel.points.map((point) => ({ ...point, dtype })))),
  );
  return [...new Map(points.map((point) => [keyOf(point), point])).values()];
};
