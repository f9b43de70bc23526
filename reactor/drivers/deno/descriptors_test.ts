/** Programs with a low limit on descriptors, which use up all of them. */

import { assertEquals, assertMatch } from "@std/assert";
import { Program } from "../../../testing/fixtures/program.ts";
import {
  checkDescriptors,
  FOR_A_THREAD,
  isOutOfDescriptors,
  prepareForShortage,
} from "./descriptors.ts";

const limits = { ignore: Deno.build.os === "windows" };
const program = new URL("../../../testing/fixtures/shortage_program.ts", import.meta.url).href;

const PAUSES = /\] Cannot accept connections on .*, so accepting is paused: Too many open files/;

/** Each operation, its outcome without free descriptors, and the expected log text. */
const operations: [name: string, ending: string, logged: RegExp][] = [
  ["connect to an address", "EMFILE", /ConnectError: Cannot connect to .*: Too many open files/],
  ["connect to an address over node:net", "EMFILE", /ConnectError: .* connect EMFILE/],
  ["connect to a name", "EMFILE", /DNSLookupError: Cannot connect to .*: too many open files/],
  ["connect to a name over node:net", "EMFILE", /DNSLookupError: .*: too many open files/],
  ["connect to an endpoint", "EMFILE", /DNSLookupError: Cannot connect to .*: too many open files/],
  ["connect over UNIX", "EMFILE", /ConnectError: Cannot connect to .*: Too many open files/],
  ["resolve a name", "EMFILE", /DNSLookupError: Cannot look up localhost: too many open files/],
  ["listen over TCP", "EMFILE", /CannotListenError: .*Too many open files/],
  ["listen over node:net", "EMFILE", /CannotListenError: .*Too many open files/],
  ["listen over UNIX", "EMFILE", /CannotListenError: .*Too many open files/],
  ["listen over UNIX with a lock", "EMFILE", /CannotListenError: .*Too many open files/],
  ["listen over UDP", "EMFILE", /CannotListenError: .*EMFILE/],
  ["listen over UNIX datagrams", "EMFILE", /CannotListenError: .*Too many open files/],
  ["spawn a process", "EMFILE", /Failed to spawn .*: Too many open files/],
  ["start a thread", "EMFILE", /Error: Cannot start a thread: too many open files/],
  ["handle a signal", "done", /^/],
  ["accept over TCP", "done", PAUSES],
  ["accept over node:net", "done", PAUSES],
  ["accept over UNIX", "done", PAUSES],
  ["accept over TLS", "done", PAUSES],
  // These do not need a descriptor; their stacks are logged in full.
  ["throw in a timed call", "done", /^\t {4}at .*shortage_operations\.ts:\d+:\d+/m],
  ["fail a Deferred", "done", /^\t {4}at .*shortage_operations\.ts:\d+:\d+/m],
];

/** Runs a program with at most 64 descriptors. */
function limited(...args: string[]): Program {
  const deno = [Deno.execPath(), "run", "--quiet", ...args];
  return new Program(["-c", 'ulimit -n 64 && exec "$@"', "sh", ...deno], { command: "sh" });
}

for (const [name, ending, logged] of operations) {
  Deno.test(
    `DenoReactor survives an attempt to ${name} without free file descriptors`,
    limits,
    async () => {
      await using running = limited("--allow-all", "--unstable-net", program, name);
      const { lines, errors, code } = await running.end();
      const output = [...lines, errors].join("\n");
      assertEquals(code, 0, output);
      const full = lines.slice(0, lines.indexOf(`full: ${ending}`)).join("\n");
      assertMatch(full, logged);
      if (ending === "EMFILE") assertEquals(/^\t {4}at /m.test(full), false, full);
      assertEquals(lines.filter((line) => /^(full|free): /.test(line)), [
        `full: ${ending}`,
        "free: done",
      ], output);
      assertEquals(lines.at(-1), "stopped");
    },
  );
}

Deno.test("checkDescriptors() closes the descriptors that it opens", limits, () => {
  prepareForShortage();
  checkDescriptors(FOR_A_THREAD, "start a thread");
  assertEquals(isOutOfDescriptors(), false);
});
