/**
 * Finger, step 13: a client.
 *
 *     deno run --allow-net examples/finger/13_client.ts
 *
 * Try it: with `12_limits.ts` running, the program prints `Writes programs`. Control characters in
 * the answer become visible escapes, so that a server cannot control the terminal. Arguments: the
 * query (`ada`) and the endpoint of the server (`tcp:127.0.0.1:1079`).
 */

import { clientFromString, type IReactor, log, react } from "@torsion/reactor";
import { askFinger } from "./finger.ts";

async function main(reactor: IReactor, ...args: string[]): Promise<void> {
  const [query = "ada", server = "tcp:127.0.0.1:1079"] = args;
  const answer = await askFinger(clientFromString(reactor, server), query, reactor);
  console.log(log.visibleText(answer.replaceAll("\r\n", "\n").trimEnd()));
}

await react(main, Deno.args);
