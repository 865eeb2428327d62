// What `residual doctor` looks for on this machine.

import { MissingError } from "../base/errors.ts";
import type { DoctorProbes } from "../commands/doctor.ts";
import { openOneDnn } from "../engine/onednn/library.ts";
import {
  findFashionMnist,
  libraryPlaces,
  nodeCacheFolder,
  nodeFonts,
  nodeMachine,
  readVersion,
} from "../library/node-environment.ts";

export const doctorProbes = (): DoctorProbes => {
  return {
    version: readVersion(),
    nodeVersion: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    machine: nodeMachine(),
    cacheFolder: nodeCacheFolder(),
    engines: [
      { name: "onednn", find: () => openOneDnn(libraryPlaces()).version },
      { name: "reference", find: () => readVersion() },
    ],
    dataSets: [{ name: "fashion-mnist", find: findFashionMnist }],
    others: [
      {
        name: "fonts",
        find: () => {
          const fonts = nodeFonts();
          if (fonts !== null) return fonts.found;
          throw new MissingError(
            "no font was found, so the pictures of reports lack their letters; npm run setup gets one",
          );
        },
      },
    ],
  };
};
