// What Keras writes about a model: layers, each with its class, its settings and the layers it reads. Both forms of its links are
// understood: lists of [layer, node, tensor, {}] (Keras 2) and objects with a `keras_history` (Keras 3).
import { z } from "zod";
import { FormatError } from "../../base/errors.ts";

export interface KerasLayer {
  readonly name: string;
  /** `Conv2D`, `BatchNormalization` … */
  readonly className: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** Names of the layers that it reads; none for an input. */
  readonly inputs: readonly string[];
}

const layerSchema = z.object({
  class_name: z.string(),
  name: z.string().optional(),
  config: z.record(z.string(), z.unknown()),
  inbound_nodes: z.array(z.unknown()).optional(),
});
const modelSchema = z.object({
  class_name: z.enum(["Model", "Functional", "Sequential"], { error: "a Model, Functional or Sequential" }),
  config: z.union([z.object({ layers: z.array(layerSchema) }), z.array(layerSchema)]),
});
/** The converter of the Python package wraps the model; tfjs itself doesn't. */
const topologySchema = z.union([z.object({ model_config: modelSchema }), modelSchema]);

/** Deeper than any link of Keras; it bounds the walk below. */
const maxLinkDepth = 16;

/** Every layer that a link names, in order. */
const linkedLayers = (link: unknown, depth = 0): readonly string[] => {
  if (depth > maxLinkDepth || typeof link !== "object" || link === null) return [];
  if (Array.isArray(link)) {
    const [first, node, output] = link;
    if (typeof first === "string" && typeof node === "number" && typeof output === "number") return [first];
    return link.flatMap((part) => linkedLayers(part, depth + 1));
  }
  if ("keras_history" in link) return linkedLayers(link.keras_history, depth + 1);
  return Object.values(link).flatMap((part) => linkedLayers(part, depth + 1));
};

/** The layers of a topology, in its order. Throws FormatError for what isn't one, and for a layer that is used twice. */
export const kerasLayers = (topology: unknown, file: string): readonly KerasLayer[] => {
  const parsed = topologySchema.safeParse(topology);
  if (!parsed.success) {
    throw new FormatError(file, "its modelTopology is not that of a Keras model (Model, Functional or Sequential)");
  }
  const { class_name: kind, config } = "model_config" in parsed.data ? parsed.data.model_config : parsed.data;
  const layers = Array.isArray(config) ? config : config.layers;
  return layers.map(({ class_name: className, name, config: settings, inbound_nodes: links = [] }, i): KerasLayer => {
    const own = name ?? (typeof settings.name === "string" ? settings.name : `layer ${i}`);
    if (links.length > 1)
      throw new FormatError(file, `layer ${own} is used ${links.length} times; a ResNet's is used once`);
    const before = layers[i - 1];
    const previous = before?.name ?? (typeof before?.config.name === "string" ? before.config.name : `layer ${i - 1}`);
    const inputs = kind !== "Sequential" ? linkedLayers(links) : i === 0 ? [] : [previous];
    return { name: own, className, config: settings, inputs };
  });
};
