/**
 * A custom name resolver.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { fail } from "../../defer/mod.ts";
import { DenoReactor } from "../../reactor/drivers/deno/reactor.ts";
import { raceAddresses } from "../../reactor/names/happy_eyeballs.ts";
import { Clock } from "../../task/mod.ts";
import { type Case, type Hook, hostTurn } from "./hook.ts";

/** Connects to a name whose lookup fails. */
async function connect({ act, received, wrong }: Case): Promise<void> {
  const clock = new Clock();
  const connecting = raceAddresses("example.test", 80, {
    clock,
    resolver: { resolveHostName: act },
    families: ["IPv6", "IPv4"],
    attempt: () => fail<void>(new Error("no address is known")),
  });
  const failures: unknown[] = [];
  connecting.addErrback((error) => void failures.push(error));
  await hostTurn();
  assertEquals(failures.length, wrong.fails ? 1 : 0);
  for (const failure of failures) received(failure);
  clock.advance(31);
  // A lookup without an answer fails, too, after its timeout.
  assertEquals([failures.length, clock.getDelayedCalls()], [1, []]);
}

export const RESOLVER_HOOKS: readonly Hook[] = [
  {
    name: "resolveHostName",
    documented: ["IHostnameResolver.resolveHostName"],
    reports: "caller",
    run: connect,
    refuses: {
      option: "a name resolver",
      give: (resolver) => new DenoReactor().installNameResolver(resolver),
    },
  },
];
