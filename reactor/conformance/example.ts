/**
 * An example, started for real with exactly the permissions that its header names.
 *
 * @module
 */

import { assert } from "@std/assert";
import { Program } from "./program.ts";

const root = new URL("../../", import.meta.url);

/** Where the examples are. */
export const examples: URL = new URL("examples/", root);

// A program that says nothing once it runs is made to, before its own first line: a signal must not come too early.
export const ANNOUNCE: string = `--preload=data:text/javascript,${
  encodeURIComponent(
    `import { reactor } from "@torsion/reactor"; reactor.callWhenRunning(console.log, "(running)");`,
  )
}`;

/** The command in an example's header. */
export function commandOf(source: string): string[] {
  const [, command] = /^ \* {5}deno (run .+)$/m.exec(source) ?? [];
  assert(command !== undefined, "the header names no command");
  return command.split(" ");
}

/** An example in a process of its own, started by the command in its header. */
export class Example extends Program {
  constructor(file: string, args: string[] = [], options: string[] = []) {
    const command = commandOf(Deno.readTextFileSync(new URL(file, examples)));
    super([...command.toSpliced(1, 0, ...options), ...args]);
  }
}

/** The log's messages among the lines, without their times. */
export function messages(lines: string[]): string[] {
  return lines.flatMap((line) =>
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d{4} \[-\] (.*)$/.exec(line)?.slice(1) ?? []
  );
}

/** The port that a server listens on. */
export async function portOf(server: Example): Promise<number> {
  const [, port] = await server.line(/ starting on 0\.0\.0\.0:(\d+)$/);
  return Number(port);
}

/** What `nc` prints: all that comes, once all of these have been sent. */
export async function netcat(port: number, ...requests: string[]): Promise<string> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  for (const request of requests) await conn.write(new TextEncoder().encode(request));
  let received = "";
  const buffer = new Uint8Array(1024);
  for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
    received += new TextDecoder().decode(buffer.subarray(0, n));
  }
  return received;
}
