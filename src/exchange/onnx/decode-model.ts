// An ONNX file's bytes -> the model in it. Only what residual networks need is kept; tensors stay where they lie in the bytes.
// Numbers of fields: onnx.proto.
import type { OnnxAttribute, OnnxGraph, OnnxModel, OnnxNode, OnnxTensor, OnnxValue } from "./onnx-model.ts";
import { type Field, readFields, Section } from "./read-fields.ts";

/** Names come from the file: quoted, and cut where they would flood a terminal. */
export const quoted = (name: string): string => JSON.stringify(name.length > 80 ? `${name.slice(0, 79)}…` : name);

const readTensor = (section: Section): OnnxTensor => {
  const dims: number[] = [];
  let [name, dataType, external, location] = ["", 0, false, ""];
  let field: OnnxTensor["field"] = "raw";
  let data: Section | null = null;
  const dataIn =
    (where: OnnxTensor["field"]) =>
    (given: Field): void => {
      if (data !== null) given.fail(`tensor ${quoted(name)} has its data in two fields`);
      field = where;
      data = given.part("the data of a tensor");
    };
  readFields(section, {
    1: (given) => given.intsInto(dims),
    2: (given) => {
      dataType = given.int();
    },
    3: (given) => given.fail("a tensor is stored in segments, which are not read"),
    4: dataIn("floats"),
    5: dataIn("int32s"),
    7: dataIn("int64s"),
    8: (given) => {
      name = given.string();
    },
    9: dataIn("raw"),
    10: dataIn("doubles"),
    13: (given) => {
      external = true;
      const [key, value] = readEntry(given.part("the place of external data"));
      if (key === "location") location = value;
    },
    14: (given) => {
      const place = given.int();
      external ||= place === 1;
    },
  });
  if (external) {
    const where = location === "" ? "another file" : `the file ${quoted(location)}`;
    const remedy = "only models that are whole in one file are read; save it again without external data";
    section.fail(`tensor ${quoted(name)} has its data in ${where} beside this one; ${remedy}`, 0);
  }
  if (dims.length > 16 || !dims.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    section.fail(`tensor ${quoted(name)} has the dimensions [${dims.slice(0, 16).join(", ")}]`, 0);
  }
  const { bytes, byteOffset } = data ?? section.within(new Uint8Array(0), 0, "the data of a tensor");
  return { name, dataType, dims, field, data: bytes, byteOffset };
};

const readEntry = (section: Section): readonly [key: string, value: string] => {
  let [key, value] = ["", ""];
  readFields(section, {
    1: (field) => {
      key = field.string();
    },
    2: (field) => {
      value = field.string();
    },
  });
  return [key, value];
};

const readAttribute = (section: Section): readonly [name: string, attribute: OnnxAttribute] => {
  let name = "";
  let type = 0;
  const [floats, ints]: [number[], number[]] = [[], []];
  /** The last one present, for files from before `type`. */
  let present: OnnxAttribute = { kind: "other" };
  const other = (field: Field): void => {
    field.skip();
    present = { kind: "other" };
  };
  readFields(section, {
    1: (field) => {
      name = field.string();
    },
    2: (field) => {
      present = { kind: "float", value: field.float() };
    },
    3: (field) => {
      present = { kind: "int", value: field.int() };
    },
    4: (field) => {
      present = { kind: "string", value: field.string() };
    },
    5: (field) => {
      present = { kind: "tensor", value: readTensor(field.part("a tensor")) };
    },
    6: other,
    7: (field) => {
      field.floatsInto(floats);
      present = { kind: "floats", values: floats };
    },
    8: (field) => {
      field.intsInto(ints);
      present = { kind: "ints", values: ints };
    },
    9: other,
    10: other,
    11: other,
    20: (field) => {
      type = field.int();
    },
    22: other,
    23: other,
  });
  // proto3 writers leave out what is 0 or empty: the type then says what it is.
  const absent: Readonly<Record<number, OnnxAttribute>> = {
    1: { kind: "float", value: 0 },
    2: { kind: "int", value: 0 },
    3: { kind: "string", value: "" },
    6: { kind: "floats", values: [] },
    7: { kind: "ints", values: [] },
  };
  const nothing = present.kind === "other" ? absent[type] : undefined;
  return [name, nothing ?? present];
};

const readNode = (section: Section): OnnxNode => {
  const [inputs, outputs]: [string[], string[]] = [[], []];
  const attributes = new Map<string, OnnxAttribute>();
  let [name, op, domain] = ["", "", ""];
  readFields(section, {
    1: (field) => inputs.push(field.string()),
    2: (field) => outputs.push(field.string()),
    3: (field) => {
      name = field.string();
    },
    4: (field) => {
      op = field.string();
    },
    5: (field) => {
      const [key, attribute] = readAttribute(field.part("an attribute"));
      attributes.set(key, attribute);
    },
    7: (field) => {
      domain = field.string();
    },
  });
  return { name, op, domain: domain === "ai.onnx" ? "" : domain, inputs, outputs, attributes };
};

/** A size, or the name of an open one. */
const readDimension = (section: Section): number | string => {
  let size: number | string = "";
  readFields(section, {
    1: (field) => {
      size = field.int();
    },
    2: (field) => {
      size = field.string();
    },
  });
  return size;
};

const readValue = (section: Section): OnnxValue => {
  let [name, dataType] = ["", 0];
  let shape: (number | string)[] | null = null;
  const readShape = (field: Field): void => {
    const sizes: (number | string)[] = [];
    readFields(field.part("the shape of a value"), {
      1: (dimension) => sizes.push(readDimension(dimension.part("a dimension"))),
    });
    shape = sizes;
  };
  readFields(section, {
    1: (field) => {
      name = field.string();
    },
    2: (type) =>
      readFields(type.part("the type of a value"), {
        1: (tensor) =>
          readFields(tensor.part("the type of a value"), {
            1: (field) => {
              dataType = field.int();
            },
            2: readShape,
          }),
      }),
  });
  return { name, dataType, shape };
};

const readGraph = (section: Section): OnnxGraph => {
  const [nodes, inputs, outputs]: [OnnxNode[], OnnxValue[], OnnxValue[]] = [[], [], []];
  const initializers = new Map<string, OnnxTensor>();
  let name = "";
  readFields(section, {
    1: (field) => nodes.push(readNode(field.part("a node"))),
    2: (field) => {
      name = field.string();
    },
    5: (field) => {
      const tensor = readTensor(field.part("a tensor"));
      if (initializers.has(tensor.name)) field.fail(`two tensors are called ${quoted(tensor.name)}`);
      initializers.set(tensor.name, tensor);
    },
    11: (field) => inputs.push(readValue(field.part("an input"))),
    12: (field) => outputs.push(readValue(field.part("an output"))),
    15: (field) => field.fail("the graph has sparse tensors, which are not read"),
  });
  return { name, nodes, initializers, inputs, outputs };
};

/**
 * The model in an ONNX file. Tensors are views of `bytes`, not decoded yet. Throws FormatError with the byte for what isn't an ONNX
 * model, is damaged, has external data, or has more than `maxParts` parts.
 */
export const decodeModel = (bytes: Uint8Array, file: string): OnnxModel => {
  const section = new Section(bytes, 0, file, "the model");
  let [irVersion, opset] = [0, 0];
  let [producerName, producerVersion] = ["", ""];
  const graphs: OnnxGraph[] = [];
  const metadata: (readonly [string, string])[] = [];
  readFields(section, {
    1: (field) => {
      irVersion = field.int();
    },
    2: (field) => {
      producerName = field.string();
    },
    3: (field) => {
      producerVersion = field.string();
    },
    7: (field) => {
      if (graphs.length > 0) field.fail("the model has two graphs");
      graphs.push(readGraph(field.part("the graph")));
    },
    8: (field) => {
      let [domain, version] = ["", 0];
      readFields(field.part("an operator set"), {
        1: (name) => {
          domain = name.string();
        },
        2: (number) => {
          version = number.int();
        },
      });
      if (domain === "" || domain === "ai.onnx") opset = version;
    },
    14: (field) => metadata.push(readEntry(field.part("an entry of the metadata"))),
  });
  const [graph] = graphs;
  if (graph === undefined) return section.fail("it is not an ONNX model: it has no graph", 0);
  if (opset === 0)
    return section.fail("it is not an ONNX model: it doesn't say which version of the operators it has", 0);
  const producer = { name: producerName, version: producerVersion };
  return { irVersion, opset, producer, graph, metadata: Object.fromEntries(metadata) };
};
