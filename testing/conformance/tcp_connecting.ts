/**
 * Connecting over TCP: host names and port numbers.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertThrows } from "../assertions.ts";
import { IPv6Address } from "../../reactor/addresses.ts";
import { ConnectionRefusedError, DNSLookupError } from "../../reactor/errors.ts";
import type { TCPTest } from "../fixtures/tcp_fixture.ts";
import { Wires } from "../fixtures/wire.ts";

const HOST = "127.0.0.1";

/** Defines the tests that only `connectTCP` has. */
export function tcpConnectingTests(test: TCPTest): void {
  Deno.test(test("connectTCP() resolves a host name", async (fixture) => {
    const factory = new Wires();
    const listener = fixture.rawListen();
    const connector = fixture.reactor.connectTCP("localhost", listener.addr.port, factory);
    fixture.run();
    await fixture.rawAccept(listener);
    const wire = await factory.wire();
    assertEquals(String(connector.getDestination()), `localhost:${listener.addr.port}`);
    assertEquals(String(wire.transport.getPeer()), `127.0.0.1:${listener.addr.port}`);
  }));

  Deno.test(test("connectTCP() to ::1 has IPv6 addresses, and reconnects", async (fixture) => {
    const listener = fixture.rawListen({ hostname: "::1" });
    const there = new IPv6Address("TCP", "::1", listener.addr.port);
    const factory = new Wires();
    const connector = fixture.reactor.connectTCP("::1", listener.addr.port, factory);
    assert(connector.getDestination().equals(there));
    fixture.run();
    for (let i = 0; i < 2; i++) {
      const peer = await fixture.rawAccept(listener);
      const { transport } = await factory.wire(i);
      assert(factory.addresses[i]?.equals(there) && transport.getPeer().equals(there));
      const { port } = peer.conn.remoteAddr as Deno.NetAddr;
      assert(transport.getHost().equals(new IPv6Address("TCP", "::1", port)));
      if (i > 0) continue;
      peer.close();
      await factory.called("lost");
      connector.connect();
    }
  }));

  Deno.test(
    test("connectTCP() to ::1 fails with ConnectionRefusedError if no server listens", async (fixture) => {
      const listener = fixture.rawListen({ hostname: "::1" });
      listener.close();
      const factory = new Wires();
      fixture.reactor.connectTCP("::1", listener.addr.port, factory);
      fixture.run();
      await factory.called("failed");
      const [reason] = factory.reasons;
      assertInstanceOf(reason, ConnectionRefusedError);
      assertEquals(reason.address, `[::1]:${listener.addr.port}`);
    }),
  );

  Deno.test(
    test("connectTCP() fails with DNSLookupError for a name that does not exist", async (fixture) => {
      const factory = new Wires();
      // RFC 6761 section 6.4 keeps .invalid free of names.
      fixture.reactor.connectTCP("no-such-host.invalid", 80, factory);
      fixture.run();
      await factory.called("failed");
      const [reason] = factory.reasons;
      assertInstanceOf(reason, DNSLookupError);
      assert(/^(ENOTFOUND|EAI_AGAIN)$/.test(reason.code ?? ""), reason.code);
      assertEquals([reason.syscall, reason.address], ["getaddrinfo", "no-such-host.invalid:80"]);
      assertInstanceOf(reason.cause, Error);
    }),
  );

  Deno.test(test("connectTCP() throws for ports and options out of range", (fixture) => {
    const factory = new Wires();
    const wrong: [number, object, string][] = [
      [0, {}, "connectTCP() port must be an integer from 1 to 65535, got 0"],
      [65536, {}, "got 65536"],
      [80, { timeout: -1 }, "timeout must be zero or more seconds, got -1"],
      [80, { timeout: NaN }, "timeout"],
      [80, { linger: -1 }, "linger"],
    ];
    for (const [port, options, message] of wrong) {
      assertThrows(
        () => fixture.reactor.connectTCP(HOST, port, factory, options),
        RangeError,
        message,
      );
    }
    assertEquals(factory.events, []);
  }));
}
