/**
 * Listening over TCP: interfaces, port numbers, limits per host, and the options of sockets.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertThrows } from "../assertions.ts";
import { IPv4Address, IPv6Address } from "../../reactor/addresses.ts";
import { CannotListenError } from "../../reactor/errors.ts";
import type { ListenTCPOptions } from "../../reactor/interfaces/mod.ts";
import { endingOf } from "../peers/raw_peer.ts";
import { portOf, type TCPTest } from "../fixtures/tcp_fixture.ts";
import { type Wire, Wires } from "../fixtures/wire.ts";

const greeter = { connectionMade: (wire: Wire) => wire.transport.write("hello") };

/** Defines the tests that only `listenTCP` has. */
export function tcpListeningTests(test: TCPTest): void {
  Deno.test(
    test("listenTCP() binds at once; getHost() returns the port that the system chose", async (fixture) => {
      const factory = new Wires();
      const port = fixture.listen(factory);
      assert(port.port > 0);
      assert(port.getHost().equals(new IPv4Address("TCP", "127.0.0.1", port.port)));
      assertEquals(factory.events, ["start"]);
      await fixture.rawConnect(port.port); // the reactor is not running yet
    }),
  );

  Deno.test(test("listenTCP() without an interface listens on all of IPv4", async (fixture) => {
    const factory = new Wires(greeter);
    const port = fixture.reactor.listenTCP(0, factory);
    assert(port.getHost().equals(new IPv4Address("TCP", "0.0.0.0", portOf(port.getHost()))));
    fixture.run();
    const peer = await fixture.rawConnect(portOf(port.getHost()));
    assertEquals(await peer.readText(5), "hello");
  }));

  Deno.test(test("listenTCP() on ::1 has IPv6 addresses", async (fixture) => {
    const factory = new Wires(greeter);
    const port = fixture.listen(factory, { interface: "::1" });
    assert(port.getHost().equals(new IPv6Address("TCP", "::1", port.port)));
    fixture.run();
    const peer = await fixture.rawConnect(port.port, "::1");
    assertEquals(await peer.readText(5), "hello");
    const [address] = factory.addresses;
    assert(address instanceof IPv6Address);
    assertEquals(
      String(address),
      `[::1]:${(peer.conn.localAddr as Deno.NetAddr).port}`,
    );
    const { transport } = await factory.wire();
    assert(transport.getPeer().equals(address) && transport.getHost().equals(port.getHost()));
  }));

  Deno.test(
    test("listenTCP() throws CannotListenError for an address of another machine", (fixture) => {
      const factory = new Wires();
      const error = assertThrows(
        () => fixture.reactor.listenTCP(0, factory, { interface: "192.0.2.1" }),
        CannotListenError,
      );
      assertEquals(factory.events, []);
      assertEquals([error.code, error.address], ["EADDRNOTAVAIL", "192.0.2.1:0"]);
    }),
  );

  Deno.test(
    test("listenTCP() throws for ports and options out of range, and names them", (fixture) => {
      const factory = new Wires();
      const wrong: [number, ListenTCPOptions, string][] = [
        [65536, {}, "listenTCP() port must be an integer from 0 to 65535, got 65536"],
        [-1, {}, "got -1"],
        [1.5, {}, "got 1.5"],
        [0, { backlog: 0 }, "backlog must be an integer from 1 to 65535, got 0"],
        [0, { maxConnections: 0 }, "maxConnections"],
        [0, { maxConnectionsPerHost: NaN }, "maxConnectionsPerHost"],
        [0, { connectionRate: 0 }, "connectionRate must be more than 0 per second, got 0"],
        [0, { connectionRatePerHost: NaN }, "connectionRatePerHost"],
        [0, { writeBufferHighWater: -1 }, "writeBufferHighWater"],
        [0, { writeBufferLimit: 0 }, "writeBufferLimit"],
        [0, { linger: -1 }, "linger must be zero or more seconds, got -1"],
      ];
      for (const [port, options, message] of wrong) {
        assertThrows(() => fixture.reactor.listenTCP(port, factory, options), RangeError, message);
      }
      // An option that the types reject.
      const overflow = "drop" as unknown as "refuse";
      assertThrows(
        () => fixture.reactor.listenTCP(0, factory, { overflow }),
        RangeError,
        'overflow must be "pause" or "refuse", got "drop"',
      );
      assertThrows(
        () => fixture.reactor.listenTCP("80" as unknown as number, factory),
        TypeError,
        'listenTCP() port must be a number, got "80"',
      );
      assertEquals(factory.events, []);
    }),
  );

  Deno.test(
    test("maxConnectionsPerHost rejects connections of one host, and serves another", async (fixture) => {
      const factory = new Wires(greeter);
      const port = fixture.listen(factory, { maxConnectionsPerHost: 1 });
      fixture.run();
      // On Linux, all of 127.0.0.0/8 is on the loopback interface.
      await fixture.rawConnectFrom("127.0.0.2", port.port);
      await factory.wire(0);
      const refused = fixture.rawConnectFrom("127.0.0.2", port.port);
      // A reset may arrive before the peer knows that it is connected.
      const ending = refused.then((end) => end(), (error) => endingOf(Promise.reject(error)));
      assertMatch(await ending, /^(end|ECONNRESET)$/);
      assertEquals(await (await fixture.rawConnect(port.port)).readText(5), "hello");
      assertEquals(factory.built.length, 2);
    }),
  );

  Deno.test(
    test("setTcpNoDelay() and setTcpKeepAlive() change settings that are off at first", async (fixture) => {
      const [servers, clients] = [new Wires(), new Wires()];
      fixture.reactor.connectTCP("127.0.0.1", fixture.listen(servers).port, clients);
      fixture.run();
      const wires = [await servers.wire(), await clients.wire()];
      for (const { transport } of wires) {
        assertEquals([transport.getTcpNoDelay(), transport.getTcpKeepAlive()], [false, false]);
        transport.setTcpNoDelay(true);
        transport.setTcpKeepAlive(true);
        assertEquals([transport.getTcpNoDelay(), transport.getTcpKeepAlive()], [true, true]);
        transport.setTcpNoDelay(false);
        transport.setTcpKeepAlive(false);
        assertEquals([transport.getTcpNoDelay(), transport.getTcpKeepAlive()], [false, false]);
      }
      wires[0]?.transport.loseConnection();
      for (const wire of wires) {
        await wire.lost();
        wire.transport.setTcpNoDelay(true); // no effect, and no error
      }
    }),
  );
}
