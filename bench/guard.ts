/**
 * Fails if a message or a connection costs more than is expected: it compares counts rather than
 * times, so that a regression fails on any machine, however busy it is.
 *
 * - The system calls for each message and each connection, by `strace -f`, on all reactors.
 * - The bytes that are allocated for each message on the default reactor, with V8's compilers and
 *   the garbage collection switched off. A promise or a closure more for each message is seen here.
 *
 * Not counted, because they depend on the time that the client takes: waits, locks between threads
 * and their wake-ups, and the bytes of the epoll reactor. Microtasks are not counted either: V8
 * does not report them to a program.
 *
 * Usage: `deno task guard`. Linux only; without strace, only the bytes are counted.
 *
 * @module
 */

import {
  BYTE_TOLERANCE,
  CALL_TOLERANCE,
  DENO_VERSION,
  EXPECTED,
  type Expected,
} from "./guard/expected.ts";
import { GuardClient, type Phase, PHASES, STEPS } from "./guard/phases.ts";
import { callsOfPhases } from "./guard/trace.ts";
import { HOST_REACTORS } from "./host_reactors.ts";
import { isInstalled } from "./server_process.ts";

/** Only the interpreter runs, in one thread, and the young generation never fills. */
const STEADY_HEAP = "--v8-flags=" + [
  "--no-opt",
  "--no-maglev",
  "--no-sparkplug",
  "--single-threaded",
  "--min-semi-space-size=128",
  "--max-semi-space-size=128",
].join();

/** Starts a server, runs all phases, and kills it. */
async function runPhases(reactor: string, before: string[], flags: string[]): Promise<Phase[]> {
  const server = new URL("guard/guarded_server.ts", import.meta.url).pathname;
  const all = [...before, Deno.execPath(), "run", "-A", ...flags, server, reactor];
  const [command = "", ...args] = all;
  const process = new Deno.Command(command, { args, stdout: "piped" }).spawn();
  const reader = process.stdout.getReader();
  const line = new TextDecoder().decode((await reader.read()).value);
  const [echoPort, helloPort, pid] = line.split(" ").map(Number);
  if (echoPort === undefined || helloPort === undefined || pid === undefined) {
    throw new Error(`Cannot run ${all.join(" ")}: its output was ${JSON.stringify(line)}`);
  }
  try {
    using client = await GuardClient.connect(echoPort, helloPort);
    return await client.run();
  } finally {
    // strace ends with the program that it traces.
    Deno.kill(pid, "SIGKILL");
    await reader.cancel();
    await process.status;
  }
}

/** Returns the calls for each step, by phase and name: the least of the runs. */
async function countCalls(reactor: string): Promise<Map<string, Map<string, number>>> {
  const file = await Deno.makeTempFile();
  try {
    const phases = await runPhases(reactor, ["strace", "-f", "-qq", "-o", file], []);
    const counted = callsOfPhases(await Deno.readTextFile(file));
    return new Map(PHASES.map((name) => {
      const runs = counted.filter((_, i) => phases[i]?.name === name).slice(1);
      const names = new Set(runs.flatMap((run) => [...run.keys()]));
      const least = (call: string): number =>
        Math.min(...runs.map((run) => run.get(call) ?? 0)) / STEPS;
      return [name, new Map([...names].map((call) => [call, least(call)]))];
    }));
  } finally {
    await Deno.remove(file);
  }
}

/** Returns the bytes for each step, by phase: the least of the runs. */
async function countBytes(reactor: string): Promise<Map<string, number>> {
  const phases = await runPhases(reactor, [], [STEADY_HEAP]);
  return new Map(PHASES.map((name) => {
    const runs = phases.filter((phase) => phase.name === name).map(({ bytes }) => bytes);
    return [name, Math.min(...runs) / STEPS];
  }));
}

let failures = 0;

/** Prints a count, and compares it with the expected one, or with the least and greatest one. */
function compare(
  what: string,
  found: number,
  expected: number | readonly [number, number],
  tolerance: number,
): void {
  const [least, greatest] = typeof expected === "number" ? [expected, expected] : expected;
  const isExpected = found >= least - tolerance && found <= greatest + tolerance;
  if (!isExpected) failures++;
  const limits = least === greatest ? `${least}` : `${least} to ${greatest}`;
  const verdict = isExpected ? "" : `, expected ${limits} (± ${tolerance}): NO`;
  console.log(`${what}: ${found.toFixed(2)}${verdict}`);
}

async function guardCalls(reactor: string): Promise<void> {
  for (const [phase, found] of await countCalls(reactor)) {
    const expected = expectedOf(reactor, phase).calls;
    for (const call of new Set([...Object.keys(expected), ...found.keys()])) {
      const count = found.get(call) ?? 0;
      if (expected[call] === undefined && count <= CALL_TOLERANCE) continue;
      compare(`${reactor}, ${phase}, ${call}`, count, expected[call] ?? 0, CALL_TOLERANCE);
    }
  }
}

async function guardBytes(reactor: string): Promise<void> {
  for (const [phase, found] of await countBytes(reactor)) {
    const { bytes } = expectedOf(reactor, phase);
    if (bytes !== undefined) {
      compare(`${reactor}, ${phase}, allocated bytes`, found, bytes, BYTE_TOLERANCE);
    }
  }
}

function expectedOf(reactor: string, phase: string): Expected {
  const expected = EXPECTED[reactor]?.[phase];
  if (expected !== undefined) return expected;
  throw new Error(`Cannot guard ${reactor}, ${phase}: bench/guard/expected.ts does not name it`);
}

const hasStrace = isInstalled("strace");
if (!hasStrace && Deno.env.has("CI")) throw new Error("Cannot count calls: there is no strace");
if (!hasStrace) console.log("System calls are not counted: strace is not installed.");
const hasKnownHeap = Deno.version.deno === DENO_VERSION;
if (!hasKnownHeap) console.log(`Bytes are not counted: they are known for Deno ${DENO_VERSION}.`);
for (const reactor of HOST_REACTORS) {
  if (hasStrace) await guardCalls(reactor);
  if (hasKnownHeap) await guardBytes(reactor);
}
if (failures > 0) {
  console.error(
    `${failures} counts are not the expected ones, which are in bench/guard/expected.ts`,
  );
  Deno.exitCode = 1;
}
