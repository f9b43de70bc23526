/**
 * What is TCP's own in connecting: names and port numbers.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { IPv6Address } from "../addresses.ts";
import { ConnectionRefusedError, DNSLookupError } from "../errors.ts";
import type { IReactor } from "../interfaces.ts";
import { tcpTest } from "./tcp_bed.ts";
import { Wires } from "./wire.ts";

const HOST = "127.0.0.1";

/** The tests of `connectTCP` that no other kind has. */
export function tcpConnectingTests(name: string, makeReactor: () => IReactor): void {
  const test = tcpTest(name, makeReactor);

  test("A host name is resolved", async (bed) => {
    const factory = new Wires();
    const listener = bed.rawListen();
    const connector = bed.reactor.connectTCP("localhost", listener.addr.port, factory);
    bed.run();
    await bed.rawAccept(listener);
    const wire = await factory.wire();
    assertEquals(String(connector.getDestination()), `localhost:${listener.addr.port}`);
    assertEquals(String(wire.transport.getPeer()), `127.0.0.1:${listener.addr.port}`);
  });

  test("IPv6: connectTCP() to ::1 hands out IPv6 addresses, and connects again", async (bed) => {
    const listener = bed.closeAfter(Deno.listen({ hostname: "::1", port: 0 }));
    const there = new IPv6Address("TCP", "::1", listener.addr.port);
    const factory = new Wires();
    const connector = bed.reactor.connectTCP("::1", listener.addr.port, factory);
    assert(connector.getDestination().equals(there));
    bed.run();
    for (let i = 0; i < 2; i++) {
      const peer = await bed.rawAccept(listener);
      const { transport } = await factory.wire(i);
      assert(factory.addresses[i]?.equals(there) && transport.getPeer().equals(there));
      const { port } = peer.conn.remoteAddr as Deno.NetAddr;
      assert(transport.getHost().equals(new IPv6Address("TCP", "::1", port)));
      if (i > 0) continue;
      peer.close();
      await factory.told("lost");
      connector.connect();
    }
  });

  test("IPv6: nobody listens: ConnectionRefusedError", async (bed) => {
    const listener = Deno.listen({ hostname: "::1", port: 0 });
    listener.close();
    const factory = new Wires();
    bed.reactor.connectTCP("::1", listener.addr.port, factory);
    bed.run();
    await factory.told("failed");
    const [reason] = factory.reasons;
    assertInstanceOf(reason, ConnectionRefusedError);
    assertEquals(reason.address, `[::1]:${listener.addr.port}`);
  });

  test("A name that does not exist: DNSLookupError", async (bed) => {
    const factory = new Wires();
    // RFC 6761 section 6.4 keeps .invalid free of names.
    bed.reactor.connectTCP("no-such-host.invalid", 80, factory);
    bed.run();
    await factory.told("failed");
    const [reason] = factory.reasons;
    assertInstanceOf(reason, DNSLookupError);
    assert(/^(ENOTFOUND|EAI_AGAIN)$/.test(reason.code ?? ""), reason.code);
    assertEquals([reason.syscall, reason.address], ["getaddrinfo", "no-such-host.invalid:80"]);
    assertInstanceOf(reason.cause, Error);
  });

  test("Ports and options out of range throw", (bed) => {
    const factory = new Wires();
    const wrong: [number, object, string][] = [
      [0, {}, "connectTCP() port must be an integer from 1 to 65535, got 0"],
      [65536, {}, "got 65536"],
      [80, { timeout: -1 }, "timeout must be zero or more seconds, got -1"],
      [80, { timeout: NaN }, "timeout"],
      [80, { linger: -1 }, "linger"],
    ];
    for (const [port, options, message] of wrong) {
      assertThrows(() => bed.reactor.connectTCP(HOST, port, factory, options), RangeError, message);
    }
    assertEquals(factory.events, []);
  });
}
