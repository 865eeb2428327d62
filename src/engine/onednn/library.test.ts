import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { MissingError } from "../../base/errors.ts";
import { type LibraryPlaces, libraryCandidates, missingMessage, openOneDnn, refusalOf } from "./library.ts";

const places: LibraryPlaces = {
  overridePath: null,
  cacheFolder: "/cache",
  system: true,
  platform: "linux",
  architecture: "x64",
};

const systemFolder = process.arch === "arm64" ? "/usr/lib/aarch64-linux-gnu" : "/usr/lib/x86_64-linux-gnu";
const installed = existsSync(`${systemFolder}/libdnnl.so.2`);

describe("libraryCandidates(places)", () => {
  it("tries the system's library, then the cache folder's with its dependencies opened first", () => {
    expect(libraryCandidates(places)).toEqual([
      { path: "libdnnl.so.2", preload: [] },
      {
        path: "/cache/debian/libdnnl2/usr/lib/x86_64-linux-gnu/libdnnl.so.2",
        preload: [
          "/cache/debian/libgomp1/usr/lib/x86_64-linux-gnu/libgomp.so.1",
          "/cache/debian/ocl-icd-libopencl1/usr/lib/x86_64-linux-gnu/libOpenCL.so.1",
        ],
      },
    ]);
  });

  it("tries nothing but the person's own path when one is given", () => {
    expect(libraryCandidates({ ...places, overridePath: "/own/libdnnl.so.2" })).toEqual([
      { path: "/own/libdnnl.so.2", preload: [] },
    ]);
  });

  it("leaves out the system, the cache folder or both when told to, and an architecture without packages", () => {
    expect(libraryCandidates({ ...places, system: false }).map((c) => c.path)).toEqual([
      "/cache/debian/libdnnl2/usr/lib/x86_64-linux-gnu/libdnnl.so.2",
    ]);
    expect(libraryCandidates({ ...places, cacheFolder: null }).map((c) => c.path)).toEqual(["libdnnl.so.2"]);
    expect(libraryCandidates({ ...places, architecture: "mips" }).map((c) => c.path)).toEqual(["libdnnl.so.2"]);
    expect(libraryCandidates({ ...places, platform: "win32" })).toEqual([]);
  });
});

describe("refusalOf(version)", () => {
  it("accepts 2.6 and 2.7 with OpenMP", () => {
    expect(refusalOf({ major: 2, minor: 6, patch: 3, cpuRuntime: 2 })).toBeNull();
    expect(refusalOf({ major: 2, minor: 7, patch: 0, cpuRuntime: 2 })).toBeNull();
  });

  it("refuses every other version by name", () => {
    for (const [major, minor] of [
      [2, 5],
      [2, 8],
      [3, 6],
      [1, 6],
    ] as const) {
      expect(refusalOf({ major, minor, patch: 1, cpuRuntime: 2 })).toBe(
        `this is oneDNN ${major}.${minor}.1, whose structs differ; 2.6 or 2.7 is needed`,
      );
    }
  });

  it("refuses a library that doesn't run its loops with OpenMP", () => {
    expect(refusalOf({ major: 2, minor: 6, patch: 3, cpuRuntime: 4 })).toBe(
      "this oneDNN 2.6.3 is built for threading model 4; one built with OpenMP (2) is needed",
    );
  });
});

describe("missingMessage(places, attempts)", () => {
  it("says what was tried and how to get the library", () => {
    expect(missingMessage(places, ["libdnnl.so.2: no such file"])).toBe(
      "oneDNN 2.6 or 2.7 is needed and was not found (tried libdnnl.so.2: no such file): run `npm run setup`, or on Debian 12 " +
        "`apt-get install libdnnl2`, or build oneDNN 2.7 with OpenMP and give RESIDUAL_ONEDNN the full path of its library",
    );
  });

  it("says that a platform is not looked at", () => {
    expect(missingMessage({ ...places, platform: "win32" }, [])).toContain("it is not looked for on win32");
  });
});

describe("openOneDnn(places)", () => {
  it("throws MissingError naming the given path and its remedy when nothing is there", () => {
    const open = () => openOneDnn({ ...places, overridePath: "/nowhere/libdnnl.so.2" });
    expect(open).toThrow(MissingError);
    expect(open).toThrow(/tried \/nowhere\/libdnnl\.so\.2: .+\): give RESIDUAL_ONEDNN the full path/);
  });

  it("refuses a library that isn't oneDNN", () => {
    expect(() => openOneDnn({ ...places, overridePath: "libc.so.6" })).toThrow(/tried libc\.so\.6: .*dnnl_version/);
  });

  it.skipIf(!installed)("opens the system's library and its OpenMP run-time", () => {
    const found = openOneDnn({ ...places, cacheFolder: null, architecture: process.arch });
    expect(found.version).toMatch(/^2\.[67]\.\d+$/);
    expect(found.path).toBe("libdnnl.so.2");
    expect(found.openMp.func("int omp_get_max_threads()")()).toBeGreaterThanOrEqual(1);
  });
});
