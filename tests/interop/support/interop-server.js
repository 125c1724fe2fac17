// The interop server, one for each set of tests that asks for it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

const STARTS_WITHIN = 30_000;

/** Starts a server with further arguments; it ends with this process at the latest. */
export async function startServer(options = []) {
  const program = process.env.INTEROP_SERVER;
  if (!program) throw new Error("INTEROP_SERVER is not set: these tests are started by tests/interop/run");
  const server = spawn(program, ["--until-eof", ...options], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface(server.stdout);
  const [line] = await once(lines, "line", { signal: AbortSignal.timeout(STARTS_WITHIN) });
  return {
    url: line.replace("listening on ", ""),
    async stop() {
      const exit = once(server, "exit");
      server.stdin.end();
      await exit;
    },
  };
}
