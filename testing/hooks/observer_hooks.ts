/**
 * The hooks of an observer of a reactor.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { ClientFactory, Protocol } from "../../protocol/mod.ts";
import { IPv4Address } from "../../reactor/addresses.ts";
import type { IConnector, IReactorObserver } from "../../reactor/interfaces/mod.ts";
import { Traffic } from "../../reactor/lifecycle/traffic.ts";
import { ReactorObservers } from "../../reactor/lifecycle/reactor_observers.ts";
import { Clock } from "../../task/mod.ts";
import { connect } from "../fixtures/connection_fixture.ts";
import { InMemoryReactor } from "../mod.ts";
import type { Hook } from "./hook.ts";

const ADDRESS = new IPv4Address("TCP", "192.0.2.1", 1111);

/** Returns a connector whose reactor does not run. */
function connector(): IConnector {
  const factory = ClientFactory.forProtocol(Protocol);
  return new InMemoryReactor(new Clock()).connectTCP("127.0.0.1", 7, factory);
}

/** Makes a reactor's counters call a method of an observer. */
const EVENTS: Record<keyof IReactorObserver, (traffic: Traffic) => void> = {
  connectStarted: (traffic) => traffic.connectStarted(connector()),
  connectSucceeded: (traffic) => traffic.connectSucceeded(connector(), ADDRESS),
  connectFailed: (traffic) => traffic.connectFailed(connector(), new Error("failed")),
  connectionOpened: (traffic) => traffic.opened(connect().connection, 0),
  connectionClosed: (traffic) => traffic.lost(connect().connection, new Error("lost")),
  connectionRefused: (traffic) => traffic.refused(ADDRESS, ADDRESS, "factory"),
  handshakeFailed: (traffic) => traffic.handshakeFailed(ADDRESS, ADDRESS, 0, new Error("failed")),
  turnEnded: (traffic) => traffic.turnEnded(0, null),
};

/** Adds an observer that fails, and a second one, which is notified all the same. */
function observerHook(
  [method, event]: [string, (traffic: Traffic) => void],
): Hook {
  return {
    name: method,
    where: "of an observer",
    documented: [`IReactorObserver.${method}`],
    run: ({ act }) => {
      let notified = 0;
      const traffic = new Traffic();
      traffic.observers = new ReactorObservers(new Clock());
      traffic.observers.add({ [method]: act });
      traffic.observers.add({ [method]: () => void notified++ });
      event(traffic);
      assertEquals(notified, 1);
    },
  };
}

export const OBSERVER_HOOKS: readonly Hook[] = Object.entries(EVENTS).map(observerHook);
