/**
 * The hooks of the policies, and of factories that forward connections.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  Factory,
  LimitTotalConnectionsFactory,
  Protocol,
  type ProtocolWrapper,
  ProxyFactory,
  SlowPeerGuard,
  ThrottlingFactory,
  type ThrottlingProtocol,
  TimeoutFactory,
  TimeoutMixin,
  type TimeoutProtocol,
  type TrafficLog,
  TrafficLoggingFactory,
  WrappingFactory,
} from "../../protocol/mod.ts";
import type { Address, IProtocol } from "../../reactor/interfaces/mod.ts";
import { connectedServerAndClient, TestPeer } from "../mod.ts";
import { listen, wrongFactory } from "./factory_hooks.ts";
import type { Case, Hook } from "./hook.ts";

const plain = (): Factory<Protocol> => Factory.forProtocol(Protocol);

/** Takes a connection with a factory, sends a byte, waits a minute, and closes the connection. */
async function serve(server: Factory<IProtocol> | typeof Protocol): Promise<void> {
  let losses = 0;
  const pair = connectedServerAndClient(server, TestPeer);
  const lost = pair.server.connectionLost.bind(pair.server);
  pair.server.connectionLost = (reason) => {
    losses++;
    return lost(reason);
  };
  const { pump } = pair;
  pair.client.send("x");
  pump.flush();
  await null;
  pump.advance(60);
  await null;
  pair[Symbol.dispose]();
  pump.flush();
  assertEquals(losses <= 1, true, "connectionLost was called more than once");
  assertEquals(pair.serverTransport.connected, false, "the connection is still open");
  assertEquals(pump.clock.getDelayedCalls(), [], "a timed call is still scheduled");
}

/** A protocol with a timeout whose method fails. */
function timedProtocol(act: () => never): typeof Protocol {
  class Timed extends TimeoutMixin(Protocol) {
    override connectionMade(): void {
      this.setTimeout(10);
    }

    override timeoutConnection(): void {
      return act();
    }
  }
  // The mixin's class is abstract in its type only.
  return Timed as typeof Protocol;
}

/** A factory of wrappers whose `connectionMade` fails. */
function wrapping(act: () => never): Factory<IProtocol> {
  class Wrapping extends WrappingFactory<Protocol> {
    override wrapProtocol(protocol: Protocol, addr: Address): ProtocolWrapper<Protocol> {
      return Object.assign(super.wrapProtocol(protocol, addr), { connectionMade: act });
    }
  }
  return new Wrapping(plain());
}

/** Logs the traffic of a connection to a file. */
function traffic(file: TrafficLog): Factory<IProtocol> {
  return new TrafficLoggingFactory(plain(), "traffic", { open: () => file });
}

/** Takes a connection whose wrapper cannot be made or registered. */
function wrongWrapping(method: keyof WrappingFactory & string): (test: Case) => Promise<void> {
  return (test) =>
    listen(test, plain(), {
      wrapped: wrongFactory(new WrappingFactory(plain()), method, test.act),
    });
}

const writeSync = (data: Uint8Array): number => data.length;

export const POLICY_HOOKS: readonly Hook[] = [
  {
    name: "wrapProtocol",
    calledBy: "buildProtocol",
    documented: ["WrappingFactory.wrapProtocol"],
    answers: true,
    run: wrongWrapping("wrapProtocol"),
  },
  {
    name: "registerProtocol",
    calledBy: "makeConnection",
    documented: ["WrappingFactory.registerProtocol", "WrapperOwner.registerProtocol"],
    run: wrongWrapping("registerProtocol"),
  },
  {
    name: "unregisterProtocol",
    documented: ["WrappingFactory.unregisterProtocol", "WrapperOwner.unregisterProtocol"],
    run: wrongWrapping("unregisterProtocol"),
  },
  {
    name: "connectionMade",
    where: "of a ProtocolWrapper",
    calledBy: "makeConnection",
    documented: ["ProtocolWrapper.connectionMade"],
    run: ({ act }) => serve(wrapping(act)),
  },
  {
    name: "inputHeld",
    documented: ["ProtocolWrapper.inputHeld"],
    run: ({ act }) => {
      class Throttling extends ThrottlingFactory<Protocol> {
        override wrapProtocol(protocol: Protocol): ThrottlingProtocol<Protocol> {
          return Object.assign(super.wrapProtocol(protocol), { inputHeld: act });
        }
      }
      return serve(new Throttling(plain(), { readLimit: 0.5 }));
    },
  },
  {
    name: "overflowProtocol",
    calledBy: "buildProtocol",
    documented: ["LimitTotalConnectionsFactory.overflowProtocol"],
    answers: true,
    run: (test) => {
      const factory = new LimitTotalConnectionsFactory();
      factory.connectionLimit = 0;
      factory.overflowProtocol = () => test.act();
      return listen(test, plain(), { wrapped: factory });
    },
  },
  {
    name: "timeoutConnection",
    documented: ["ProtocolTimeout.timeoutConnection"],
    run: ({ act }) => serve(timedProtocol(act)),
  },
  {
    name: "timeoutFunc",
    documented: ["TimeoutProtocol.timeoutFunc"],
    run: ({ act }) => {
      class Timeouts extends TimeoutFactory<Protocol> {
        override wrapProtocol(protocol: Protocol): TimeoutProtocol<Protocol> {
          return Object.assign(super.wrapProtocol(protocol), { timeoutFunc: act });
        }
      }
      return serve(new Timeouts(plain(), 10));
    },
  },
  {
    name: "isWaiting",
    calledBy: "dataReceived",
    documented: ["SlowPeerGuardOptions.isWaiting"],
    answers: true,
    run: ({ act }) => serve(new SlowPeerGuard(plain(), { minRate: 0.001, isWaiting: act })),
    refuses: {
      option: "SlowPeerGuard() isWaiting",
      give: (isWaiting) => new SlowPeerGuard(plain(), { isWaiting }),
    },
  },
  {
    name: "open",
    calledBy: "buildProtocol",
    documented: ["TrafficLoggingFactoryOptions.open", "TrafficLoggingFactory.open"],
    answers: true,
    run: (test) => {
      const wrapped = new TrafficLoggingFactory(plain(), "traffic", { open: test.act });
      return listen(test, plain(), { wrapped });
    },
    refuses: {
      option: "TrafficLoggingFactory() open",
      give: (open) => new TrafficLoggingFactory(plain(), "traffic", { open }),
    },
  },
  {
    name: "close",
    where: "of a traffic log",
    documented: ["TrafficLog.close"],
    run: ({ act }) => serve(traffic({ writeSync, close: act })),
  },
  {
    name: "choose",
    calledBy: "makeConnection",
    documented: ["ProxyFactoryOptions.choose"],
    answers: true,
    run: (test) => listen(test, new ProxyFactory({ choose: test.act })),
    refuses: {
      option: "ProxyFactory() choose",
      give: (choose) => new ProxyFactory({ choose }),
    },
  },
];
