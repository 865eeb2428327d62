import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { jsonMembers } from "./json-members.ts";

describe("jsonMembers(text)", () => {
  test("lists the outermost names as written, with their places", () => {
    expect(jsonMembers('{ "b" : [{"x":1},"a,"], "0":{"b":"}\\"{"},"\\u0061":2}')).toEqual({
      outermost: [
        { name: "b", index: 2 },
        { name: "0", index: 24 },
        { name: "a", index: 41 },
      ],
      duplicate: null,
    });
  });

  test("finds a name that occurs twice, however it is escaped and however deep", () => {
    expect(jsonMembers('{"a":1,"\\u0061":2}').duplicate).toEqual({ name: "a", index: 7 });
    expect(jsonMembers('{"a":[{"b":{"c":1,"c":2}}]}').duplicate).toEqual({ name: "c", index: 18 });
    expect(jsonMembers('{"a":["a","a"],"b":{"a":"a"}}').duplicate).toBeNull();
  });

  test("agrees with JSON.parse on the names of every object", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(3), (object, indent) => {
        const { outermost, duplicate } = jsonMembers(JSON.stringify(object, null, indent));
        expect(duplicate).toBeNull();
        expect(outermost.map(({ name }) => name)).toEqual(Object.keys(JSON.parse(JSON.stringify(object))));
      }),
    );
  });
});
