// For tests: a server on this machine, closed afterwards.
import { createServer } from "node:http";
import { onTestFinished } from "vitest";

/** Answers each path with these bytes, or 404 where there are none. Gives the address, without a slash at its end. */
export const serve = async (answer: (path: string) => Buffer | undefined): Promise<string> => {
  const server = createServer((request, response) => {
    const content = answer(request.url ?? "");
    response.writeHead(content ? 200 : 404);
    response.end(content);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  onTestFinished(() => new Promise((closed) => server.close(() => closed())));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the test server has no port");
  return `http://127.0.0.1:${address.port}`;
};
