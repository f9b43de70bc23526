/**
 * The rules of a SOCKS server.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { ClientFactory } from "../../protocol/mod.ts";
import { SOCKSFactory, type SOCKSFactoryOptions } from "../../protocol/socks/mod.ts";
import { InMemoryReactor } from "../../reactor/drivers/memory/in_memory_reactor.ts";
import { Clock } from "../../task/mod.ts";
import { TestPeer } from "../test_peer.ts";
import { type Case, type Hook, hostTurn } from "./hook.ts";

const LOGIN = Uint8Array.of(5, 1, 2, 1, 1, 0x75, 1, 0x70);
const REQUEST = Uint8Array.of(5, 1, 0, 5, 1, 0, 1, 127, 0, 0, 1, 0, 80);

/** Lets a client request a connection, which its server must refuse. */
async function request(
  { wrong }: Case,
  options: SOCKSFactoryOptions,
  bytes: Uint8Array,
  refusal: number[],
): Promise<void> {
  const clock = new Clock();
  const reactor = new InMemoryReactor(clock);
  reactor.listenTCP(1080, new SOCKSFactory(reactor, options));
  const peer = new TestPeer();
  reactor.connectTCP("127.0.0.1", 1080, ClientFactory.forProtocol(() => peer));
  const running = reactor.run();
  clock.advance(0);
  peer.transport.write(bytes);
  clock.advance(0);
  await hostTurn();
  clock.advance(0);
  const received = [...peer.data.subarray(2, 2 + refusal.length)];
  if (wrong.fails) assertEquals([received, peer.ending], [refusal, "closed"]);
  // Without an answer, the timeouts of the server end the connection.
  clock.advance(31);
  await hostTurn();
  clock.advance(0);
  assertEquals(peer.ending === "", false, "the connection is open");
  peer.transport.loseConnection();
  clock.advance(0);
  reactor.stop();
  clock.advance(0);
  await running;
  assertEquals(reactor.getDelayedCalls(), []);
}

export const SOCKS_HOOKS: readonly Hook[] = [
  {
    name: "authorize",
    documented: ["SOCKSFactoryOptions.authorize"],
    run: (test) => request(test, { authorize: test.act }, REQUEST, [5, 2]),
    refuses: {
      option: "authorize",
      give: (authorize) => new SOCKSFactory(new InMemoryReactor(new Clock()), { authorize }),
    },
  },
  {
    name: "authenticate",
    documented: ["SOCKSFactoryOptions.authenticate"],
    run: (test) => request(test, { authorize: () => false, authenticate: test.act }, LOGIN, [1, 1]),
    refuses: {
      option: "authenticate",
      give: (authenticate) =>
        new SOCKSFactory(new InMemoryReactor(new Clock()), { authorize: () => true, authenticate }),
      allowsNull: false,
    },
  },
];
