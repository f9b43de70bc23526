/**
 * The methods of a datagram protocol.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { ConnectedDatagramProtocol, DatagramProtocol } from "../../protocol/mod.ts";
import { UNIXAddress } from "../../reactor/addresses.ts";
import { TestHost } from "../fixtures/connection_fixture.ts";
import { datagramLimits } from "../../reactor/datagram/datagram_limits.ts";
import { MemoryDatagramNetwork } from "../../reactor/drivers/memory/memory_datagram_network.ts";
import { UDPPort } from "../../reactor/datagram/udp_port.ts";
import { ConnectedUNIXDatagramPort } from "../../reactor/datagram/unix_datagram_port.ts";
import { CannotListenError } from "../../reactor/errors.ts";
import type { Case, Hook } from "./hook.ts";

const REFUSED = Object.assign(new Error("Connection refused"), { code: "ECONNREFUSED" });

/** Opens a port, receives a datagram and a refusal, and closes it. */
async function communicate(test: Case, method: keyof DatagramProtocol & string): Promise<void> {
  const host = new TestHost();
  const network = new MemoryDatagramNetwork({ schedule: (step) => host.steps.push(step) });
  const protocol = Object.assign(new DatagramProtocol(), { [method]: test.act });
  const port = new UDPPort(
    host,
    protocol as never,
    datagramLimits({}),
    () => network.bind("127.0.0.1", 0),
  );
  let isOpen = true;
  try {
    port.startListening();
  } catch (error) {
    test.received(error);
    isOpen = false;
  }
  await null;
  host.settle();
  if (isOpen) {
    const { port: number } = port.getHost();
    port.connect("127.0.0.1", number);
    port.write("to itself");
    host.settle();
    port.receiveFailed(REFUSED);
    host.settle();
    assertEquals(network.size, 1, "the port was closed");
  }
  port.stopListening().addErrback(test.received);
  host.settle();
  await null;
  host.settle();
  assertEquals([network.size, host.resources.size], [0, 0], "the port is still open");
}

function datagramHook(
  method: keyof DatagramProtocol & string,
  documented: readonly string[],
  options: Partial<Hook> = {},
): Hook {
  return {
    name: method,
    where: "of a datagram protocol",
    documented,
    run: (test) => communicate(test, method),
    ...options,
  };
}

/** Connects to a socket that does not exist. */
async function connectInVain(test: Case): Promise<void> {
  const host = new TestHost();
  const protocol = Object.assign(new ConnectedDatagramProtocol(), { connectionFailed: test.act });
  const peer = new UNIXAddress("/run/peer");
  const port = new ConnectedUNIXDatagramPort(host, protocol, datagramLimits({}), peer, () => {
    throw new CannotListenError(peer, { cause: new Error("simulated") });
  });
  port.startListening();
  await null;
  assertEquals(host.resources.size, 0);
}

const either = { reports: "either" } as const;

export const DATAGRAM_HOOKS: readonly Hook[] = [
  datagramHook("makeConnection", [
    "IDatagramProtocol.makeConnection",
    "DatagramProtocol.makeConnection",
  ], either),
  datagramHook("doStart", ["DatagramProtocol.doStart"], {
    ...either,
    calledBy: "makeConnection",
  }),
  datagramHook("startProtocol", ["DatagramProtocol.startProtocol"], {
    ...either,
    calledBy: "makeConnection",
  }),
  datagramHook("datagramReceived", [
    "IDatagramProtocol.datagramReceived",
    "DatagramProtocol.datagramReceived",
  ]),
  datagramHook("connectionRefused", [
    "IDatagramProtocol.connectionRefused",
    "DatagramProtocol.connectionRefused",
  ]),
  datagramHook("doStop", ["IDatagramProtocol.doStop", "DatagramProtocol.doStop"], either),
  datagramHook("stopProtocol", ["DatagramProtocol.stopProtocol"], {
    ...either,
    calledBy: "doStop",
  }),
  datagramHook("logPrefix", ["IDatagramProtocol.logPrefix", "DatagramProtocol.logPrefix"], {
    answers: true,
  }),
  {
    name: "connectionFailed",
    documented: [
      "IConnectedDatagramProtocol.connectionFailed",
      "ConnectedDatagramProtocol.connectionFailed",
    ],
    run: connectInVain,
  },
];
