// Observers of a reactor, on a clock that the test moves. testing/hooks/ has the ways in which they
// may fail.

import { assertEquals, assertThrows } from "@std/assert";
import { ClientFactory, Factory, Protocol } from "../../protocol/mod.ts";
import { Clock } from "../../task/mod.ts";
import { addObserver } from "../../log/mod.ts";
import { InMemoryReactor } from "../../testing/mod.ts";
import type { Address, IReactorObserver, ObservedConnection } from "../interfaces/mod.ts";

/** An observer with private members, as a user's class may have. */
class Recording implements IReactorObserver {
  readonly #events: string[] = [];

  get events(): string[] {
    return this.#events;
  }

  connectStarted(): void {
    this.#events.push("connect");
  }

  connectSucceeded(_connector: unknown, peer: Address): void {
    this.#events.push(`connected to ${peer}`);
  }

  connectFailed(_connector: unknown, { name }: Error): void {
    this.#events.push(`failed ${name}`);
  }

  connectionOpened({ role }: ObservedConnection): void {
    this.#events.push(`opened ${role}`);
  }

  connectionClosed({ role }: ObservedConnection, { name }: Error): void {
    this.#events.push(`closed ${role} ${name}`);
  }

  connectionRefused(_peer: unknown, host: Address, reason: string): void {
    this.#events.push(`refused on ${host} ${reason}`);
  }
}

function running(): [InMemoryReactor, Clock] {
  const clock = new Clock();
  const reactor = new InMemoryReactor(clock);
  reactor.run();
  return [reactor, clock];
}

Deno.test("reactor.observe() notifies of attempts, connections and refusals, in order", () => {
  const [reactor, clock] = running();
  const recording = new Recording();
  using _observing = reactor.observe(recording);
  class Closing extends Protocol {
    override connectionMade(): void {
      this.transport.loseConnection();
    }

    override connectionLost(): void {
      recording.events.push("connectionLost()");
    }
  }
  const options = { maxConnections: 1, overflow: "refuse" } as const;
  reactor.listenTCP(7, Factory.forProtocol(Protocol), options);
  reactor.connectTCP("127.0.0.1", 8, ClientFactory.forProtocol(Protocol));
  clock.advance(0);
  assertEquals(recording.events.splice(0), ["connect", "failed ConnectionRefusedError"]);
  const first = reactor.connectTCP("127.0.0.1", 7, ClientFactory.forProtocol(Protocol));
  clock.advance(0);
  assertEquals(recording.events.splice(0).toSorted(), [
    "connect",
    "connected to 127.0.0.1:7",
    "opened client",
    "opened server",
  ]);
  reactor.connectTCP("127.0.0.1", 7, ClientFactory.forProtocol(Closing));
  clock.advance(0);
  const events = recording.events.splice(0);
  assertEquals(events.filter((event) => event.startsWith("refused")), [
    "refused on 0.0.0.0:7 maxConnections",
  ]);
  const lost = events.indexOf("connectionLost()");
  assertEquals(events[lost + 1]?.startsWith("closed client "), true);
  first.disconnect();
  clock.advance(0);
  assertEquals(recording.events.splice(0).toSorted(), [
    "closed client ConnectionDone",
    "closed server ConnectionDone",
  ]);
  reactor[Symbol.dispose]();
});

Deno.test("reactor.observe() returns a disposable that removes one observer, also in a call", () => {
  const [reactor, clock] = running();
  let turns = 0;
  const observer: IReactorObserver = {
    turnEnded: () => {
      turns++;
      first[Symbol.dispose]();
      first[Symbol.dispose]();
    },
  };
  const first = reactor.observe(observer);
  using _second = reactor.observe(observer);
  for (let turn = 0; turn < 2; turn++) {
    reactor.callLater(0, () => {});
    clock.advance(0);
  }
  // The first turn notifies both, because its list is that of its beginning.
  assertEquals(turns, 3);
  reactor[Symbol.dispose]();
});

Deno.test("reactor.observe() does not notify an observer that an earlier one has removed", () => {
  const [reactor, clock] = running();
  const turns: string[] = [];
  using _first = reactor.observe({
    turnEnded: () => {
      turns.push("first");
      second[Symbol.dispose]();
    },
  });
  const second = reactor.observe({ turnEnded: () => turns.push("second") });
  reactor.callLater(0, () => {});
  clock.advance(0);
  assertEquals(turns, ["first"]);
  reactor[Symbol.dispose]();
});

Deno.test("reactor.observe() accepts an observer that stops the reactor or observes it", () => {
  for (const method of ["connectStarted", "connectionOpened", "connectionClosed", "turnEnded"]) {
    const [reactor, clock] = running();
    const recording = new Recording();
    using _first = reactor.observe({
      [method]: () => {
        if (!reactor.running) return;
        reactor.observe(recording);
        reactor.stop();
      },
    });
    reactor.listenTCP(7, Factory.forProtocol(Protocol));
    const connector = reactor.connectTCP("127.0.0.1", 7, ClientFactory.forProtocol(Protocol));
    reactor.callLater(0, () => connector.disconnect());
    clock.advance(1);
    clock.advance(1);
    assertEquals([method, reactor.running, reactor.stats().openResources], [method, false, 0]);
    reactor[Symbol.dispose]();
  }
});

Deno.test("reactor.observe() logs an observer that fails in each turn once a second", () => {
  const [reactor, clock] = running();
  const lines: string[] = [];
  using _logging = addObserver(({ message }) => lines.push(message), {
    level: "error",
    replay: false,
  });
  const observing = reactor.observe({
    turnEnded: () => {
      throw new Error("no");
    },
  });
  for (let turn = 0; turn < 100; turn++) {
    reactor.callLater(0, () => {});
    clock.advance(0);
  }
  assertEquals(lines, ["Error while calling turnEnded of Object"]);
  observing[Symbol.dispose]();
  clock.advance(1);
  assertEquals(lines.slice(1), ["Error while calling turnEnded of Object (and 98 more)"]);
  reactor[Symbol.dispose]();
});

Deno.test("reactor.observe() rejects an observer that is not an object", () => {
  using reactor = new InMemoryReactor(new Clock());
  for (const value of [null, undefined, "observer"]) {
    assertThrows(
      () => reactor.observe(value as never),
      TypeError,
      "Cannot observe a reactor: the observer must be an object; got ",
    );
  }
});
