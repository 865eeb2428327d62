// A model -> the pieces of an ONNX file, in which tensors stay where they lie: nothing large is copied. Numbers of fields: onnx.proto.
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { UsageError } from "../../base/errors.ts";
import type { OnnxAttribute, OnnxAttributes, OnnxModel, OnnxNode, OnnxTensor, OnnxValue } from "./onnx-model.ts";

/** Protobuf's limit on a message: every reader of ONNX has it. */
const maxBytes = 2 ** 31 - 1;

/** Throws UsageError for a file that no reader would take. */
export const checkModelBytes = (bytes: number, name: string): void => {
  if (bytes <= maxBytes) return;
  throw new UsageError(
    `${name}: an ONNX file of it would have ${bytes} bytes, and the format ends at 2 GiB; write safetensors`,
  );
};

const text = (writer: BinaryWriter, field: number, value: string): void => {
  if (value !== "") writer.tag(field, WireType.LengthDelimited).string(value);
};
const number = (writer: BinaryWriter, field: number, value: number): void => {
  writer.tag(field, WireType.Varint).int64(value);
};
const message = (writer: BinaryWriter, field: number, write: (inner: BinaryWriter) => void): void => {
  write(writer.tag(field, WireType.LengthDelimited).fork());
  writer.join();
};

/** All of a tensor but its data: they follow as the last field. */
const writeTensorHead = (writer: BinaryWriter, { name, dataType, dims, data }: OnnxTensor): void => {
  for (const size of dims) number(writer, 1, size);
  number(writer, 2, dataType);
  text(writer, 8, name);
  writer.tag(9, WireType.LengthDelimited).uint32(data.length);
};

interface AttributeWriter<K extends keyof OnnxAttributes> {
  /** The number of AttributeProto.AttributeType. */
  readonly type: number;
  readonly write: (writer: BinaryWriter, attribute: OnnxAttribute<K>) => void;
}

const attributeWriters: { readonly [K in keyof OnnxAttributes]: AttributeWriter<K> } = {
  float: { type: 1, write: (writer, { value }) => writer.tag(2, WireType.Bit32).float(value) },
  int: { type: 2, write: (writer, { value }) => number(writer, 3, value) },
  string: { type: 3, write: (writer, { value }) => writer.tag(4, WireType.LengthDelimited).string(value) },
  tensor: {
    type: 4,
    write: (writer, { value }) =>
      message(writer, 5, (inner) => {
        writeTensorHead(inner, value);
        inner.raw(value.data);
      }),
  },
  floats: {
    type: 6,
    write: (writer, { values }) => {
      for (const value of values) writer.tag(7, WireType.Bit32).float(value);
    },
  },
  ints: {
    type: 7,
    write: (writer, { values }) => {
      for (const value of values) number(writer, 8, value);
    },
  },
  other: { type: 0, write: () => {} },
};

const writeAttribute = <K extends keyof OnnxAttributes>(
  writer: BinaryWriter,
  name: string,
  attribute: OnnxAttribute<K>,
): void => {
  const { type, write }: AttributeWriter<K> = attributeWriters[attribute.kind];
  text(writer, 1, name);
  write(writer, attribute);
  number(writer, 20, type);
};

const writeNode = (writer: BinaryWriter, { name, op, domain, inputs, outputs, attributes }: OnnxNode): void => {
  for (const input of inputs) writer.tag(1, WireType.LengthDelimited).string(input);
  for (const output of outputs) writer.tag(2, WireType.LengthDelimited).string(output);
  text(writer, 3, name);
  text(writer, 4, op);
  for (const [key, attribute] of attributes) message(writer, 5, (inner) => writeAttribute(inner, key, attribute));
  text(writer, 7, domain);
};

const writeValue = (writer: BinaryWriter, field: number, { name, dataType, shape }: OnnxValue): void =>
  message(writer, field, (value) => {
    text(value, 1, name);
    message(value, 2, (type) =>
      message(type, 1, (tensor) => {
        number(tensor, 1, dataType);
        if (shape === null) return;
        message(tensor, 2, (sizes) => {
          for (const size of shape) {
            message(sizes, 1, (dimension) => {
              if (typeof size === "number") number(dimension, 1, size);
              else text(dimension, 2, size);
            });
          }
        });
      }),
    );
  });

/** Nodes alone: two graphs that give the same bytes compute the same of the same tensors. */
export const encodeNodes = (nodes: readonly OnnxNode[]): Uint8Array => {
  const writer = new BinaryWriter();
  for (const node of nodes) message(writer, 1, (inner) => writeNode(inner, node));
  return writer.finish();
};

/** The pieces of a file, to be written one after another. Throws UsageError where it would reach 2 GiB. */
export const encodeModel = (model: OnnxModel): readonly Uint8Array[] => {
  const { irVersion, opset, producer, graph, metadata } = model;
  const tensors = [...graph.initializers.values()].flatMap((tensor) => {
    const head = new BinaryWriter();
    writeTensorHead(head, tensor);
    const inner = head.finish();
    const start = new BinaryWriter().tag(5, WireType.LengthDelimited).uint32(inner.length + tensor.data.length);
    return [start.finish(), inner, tensor.data];
  });
  const graphStart = new BinaryWriter();
  text(graphStart, 2, graph.name);
  const graphEnd = new BinaryWriter();
  for (const input of graph.inputs) writeValue(graphEnd, 11, input);
  for (const output of graph.outputs) writeValue(graphEnd, 12, output);
  const graphParts = [encodeNodes(graph.nodes), graphStart.finish(), ...tensors, graphEnd.finish()];
  const graphBytes = graphParts.reduce((sum, { length }) => sum + length, 0);
  checkModelBytes(graphBytes, graph.name);

  const start = new BinaryWriter();
  number(start, 1, irVersion);
  text(start, 2, producer.name);
  text(start, 3, producer.version);
  start.tag(7, WireType.LengthDelimited).uint32(graphBytes);
  const end = new BinaryWriter();
  message(end, 8, (set) => number(set, 2, opset));
  for (const [key, value] of Object.entries(metadata)) {
    message(end, 14, (entry) => {
      text(entry, 1, key);
      text(entry, 2, value);
    });
  }
  const parts = [start.finish(), ...graphParts, end.finish()];
  checkModelBytes(
    parts.reduce((sum, { length }) => sum + length, 0),
    graph.name,
  );
  return parts;
};
