// Debian's Python with PyTorch, for tests that ask it.
import { execFileSync } from "node:child_process";

export const python = "/usr/bin/python3";

/** Whether python3-torch, python3-torchvision and python3-numpy are there. */
export const hasTorch = (): boolean => {
  try {
    execFileSync(python, ["-c", "import torch, torchvision, numpy"], { stdio: "ignore", timeout: 120_000 });
    return true;
  } catch {
    return false;
  }
};
