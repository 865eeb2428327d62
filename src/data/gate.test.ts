import { Worker } from "node:worker_threads";
import { expect, onTestFinished, test } from "vitest";
import { createGate, isOpen, openGate, passGate, shutGate } from "./gate.ts";

const settled = () => new Promise((resolve) => setTimeout(resolve, 20));

test("a gate is shut at first; who passes waits until it opens, and not at all while it is open", async () => {
  const gate = createGate();
  let passed = 0;
  const pass = async () => {
    await passGate(gate);
    passed++;
  };
  void pass();
  void pass();
  await settled();
  expect([isOpen(gate), passed]).toEqual([false, 0]);
  openGate(gate);
  await settled();
  expect([isOpen(gate), passed]).toEqual([true, 2]);
  await pass();
  shutGate(gate);
  void pass();
  await settled();
  expect([isOpen(gate), passed]).toEqual([false, 3]);
  openGate(gate);
  await settled();
  expect(passed).toBe(4);
});

test("who was woken when the gate was shut again goes on waiting", async () => {
  const gate = createGate();
  let passed = false;
  void passGate(gate).then(() => {
    passed = true;
  });
  openGate(gate);
  shutGate(gate);
  await settled();
  expect(passed).toBe(false);
  openGate(gate);
  await settled();
  expect(passed).toBe(true);
});

test("opening wakes other threads", async () => {
  const gate = createGate();
  const program = `
    const { parentPort, workerData } = require("node:worker_threads");
    parentPort.on("message", () => {});
    import(workerData.module).then(async ({ passGate }) => {
      parentPort.postMessage("waits");
      await passGate(workerData.gate);
      parentPort.postMessage("passed");
    });`;
  const module = new URL("./gate.js", import.meta.url).href;
  const worker = new Worker(program, { eval: true, workerData: { gate, module } });
  onTestFinished(async () => {
    await worker.terminate();
  });
  const messages: string[] = [];
  worker.on("message", (message) => messages.push(message));
  await expect.poll(() => messages, { timeout: 10_000 }).toEqual(["waits"]);
  await settled();
  expect(messages).toEqual(["waits"]);
  openGate(gate);
  await expect.poll(() => messages, { timeout: 10_000 }).toEqual(["waits", "passed"]);
});
