/**
 * Bytes that arrived without TLS and are buffered when TLS starts: no receiver passes them on as if
 * they had arrived over TLS.
 */

import { assertEquals, assertInstanceOf, assertMatch, assertRejects } from "@std/assert";
import { connectionLimits } from "../reactor/stream/connection_limits.ts";
import { Connection } from "../reactor/stream/connection.ts";
import type { ConnectionOwner } from "../reactor/stream/connection_owner.ts";
import type { FakeEngine } from "../testing/fixtures/fake_tls.ts";
import { FakeTLS } from "../testing/fixtures/fake_tls.ts";
import { TestHost } from "../testing/fixtures/connection_fixture.ts";
import { ConnectionAborted } from "../reactor/errors.ts";
import type { IProtocol } from "../reactor/interfaces/mod.ts";
import { memoryPipe } from "../reactor/drivers/memory/memory_driver.ts";
import { LineOnlyReceiver, LineReceiver, type Protocol, StreamProtocol } from "./mod.ts";

type Role = "client" | "server";
const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);

/** A connection without TLS. The test controls its peer and the TLS engine. */
class ConnectionFixture {
  readonly host = new TestHost();
  readonly tls = new FakeTLS();
  readonly #feed: (text: string) => void;

  constructor(protocol: IProtocol, role: Role) {
    const [end, peer] = memoryPipe({ schedule: (step) => this.host.steps.push(step) });
    const owner: ConnectionOwner = {
      context: Object.assign(this.host, { tls: this.tls }),
      limits: connectionLimits({}),
      role,
      logSuffix: () => "0",
      connectionLost: () => {},
    };
    new Connection(owner, end, protocol).open();
    peer.attach({
      received: () => {},
      readEnded: () => {},
      wrote: () => {},
      writeClosed: () => {},
      failed: () => {},
      released: () => {},
    });
    this.#feed = (text) => peer.write(bytes(text));
    this.host.settle();
  }

  get engine(): FakeEngine {
    return this.tls.engine;
  }

  /** Receives bytes from the peer: plain text, or ciphertext for the TLS engine. */
  send(text: string): void {
    this.#feed(text);
    this.host.settle();
  }

  /** Receives bytes over TLS. */
  sendSecret(text: string): void {
    this.engine.decrypt(text);
    this.host.settle();
  }

  secure(): void {
    this.engine.secure();
    this.host.settle();
  }
}

/** The reaction of a receiver to the command. */
type Start = (protocol: Protocol & { clearLineBuffer(): Uint8Array }) => void;

/** The state of a receiver that a test looks at. */
interface Receiver extends Protocol {
  readonly lines: string[];
  readonly reason: Error | null;
}

/** Creates a receiver that starts TLS at the line `STARTTLS`. */
const RECEIVERS: Record<string, (start: Start) => Receiver> = {
  LineReceiver: (start) =>
    new class extends LineReceiver {
      readonly lines: string[] = [];
      reason: Error | null = null;
      override textReceived(line: string): void {
        this.lines.push(line);
        if (line === "STARTTLS") start(this);
      }
      override connectionLost(reason: Error): void {
        this.reason = reason;
      }
    }(),
  LineOnlyReceiver: (start) =>
    new class extends LineOnlyReceiver {
      readonly lines: string[] = [];
      reason: Error | null = null;
      override textReceived(line: string): void {
        this.lines.push(line);
        if (line === "STARTTLS") start(this);
      }
      override connectionLost(reason: Error): void {
        this.reason = reason;
      }
    }(),
};

/** Asserts that the connection was aborted because of that many bytes. */
function assertLeft(reason: Error | null, count: number): void {
  assertInstanceOf(reason, ConnectionAborted);
  assertInstanceOf(reason.cause, Error);
  assertMatch(
    reason.cause.message,
    new RegExp(
      `^Cannot start TLS with .*: the receive buffer contains ${count} bytes that arrived before TLS`,
    ),
  );
}

for (const [name, make] of Object.entries(RECEIVERS)) {
  for (const role of ["server", "client"] as const) {
    Deno.test(`${name} as a ${role}: startTLS() with lines in the buffer aborts the connection`, () => {
      const receiver = make((protocol) => protocol.transport.startTLS({}));
      const fixture = new ConnectionFixture(receiver, role);
      fixture.send("STARTTLS\r\nEVIL\r\n");
      assertEquals(receiver.lines, ["STARTTLS"]);
      assertLeft(receiver.reason, 6);
      assertEquals(fixture.engine.calls.filter((call) => call.startsWith("receive")), []);
    });

    Deno.test(`${name} as a ${role}: startTLS() with part of a line in the buffer aborts`, () => {
      let begin = (): void => {};
      const receiver = make((protocol) => begin = () => protocol.transport.startTLS({}));
      const fixture = new ConnectionFixture(receiver, role);
      fixture.send("STARTTLS\r\nEV");
      // In a later turn, as after an answer that was awaited.
      begin();
      fixture.secure();
      fixture.sendSecret("IL\r\n");
      assertEquals(receiver.lines, ["STARTTLS"]);
      assertLeft(receiver.reason, 2);
    });

    Deno.test(`${name} as a ${role}: startTLS({ received }) passes the bytes to TLS, not to a line`, () => {
      const receiver = make((protocol) =>
        protocol.transport.startTLS({ received: protocol.clearLineBuffer() })
      );
      const fixture = new ConnectionFixture(receiver, role);
      fixture.send("STARTTLS\r\nHELLO\r\n");
      assertEquals(fixture.engine.calls, ["start", "receive HELLO\r\n"]);
      fixture.send("MORE");
      assertEquals(fixture.engine.calls.at(-1), "receive MORE");
      fixture.secure();
      fixture.sendSecret("secret\r\n");
      assertEquals(receiver.lines, ["STARTTLS", "secret"]);
      assertEquals(receiver.reason, null);
    });

    Deno.test(`${name} as a ${role}: startTLS() succeeds after clearLineBuffer()`, () => {
      const receiver = make((protocol) => {
        protocol.transport.startTLS({});
        protocol.clearLineBuffer();
      });
      const fixture = new ConnectionFixture(receiver, role);
      fixture.send("STARTTLS\r\nEVIL\r\n");
      fixture.secure();
      fixture.sendSecret("secret\r\nse");
      fixture.sendSecret("cret\r\n");
      assertEquals(receiver.lines, ["STARTTLS", "secret", "secret"]);
      assertEquals(receiver.reason, null);
    });
  }
}

/** Holds back lines, or leaves raw mode, around the start of TLS. */
class Careful extends LineReceiver {
  readonly lines: string[] = [];
  reason: Error | null = null;
  onLine: (line: string) => void = () => {};
  onRaw: (data: Uint8Array) => void = () => {};

  override textReceived(line: string): void {
    this.lines.push(line);
    this.onLine(line);
  }

  override rawDataReceived(data: Uint8Array): void {
    this.lines.push(`raw ${text(data)}`);
    this.onRaw(data);
  }

  override connectionLost(reason: Error): void {
    this.reason = reason;
  }
}

Deno.test("LineReceiver.resumeProducing() over TLS aborts if a pause held back unencrypted bytes", () => {
  const receiver = new Careful();
  receiver.onLine = () => receiver.pauseProducing();
  const fixture = new ConnectionFixture(receiver, "server");
  fixture.send("STARTTLS\r\nEVIL\r\n");
  receiver.transport.startTLS({});
  fixture.secure();
  receiver.resumeProducing();
  fixture.host.settle();
  assertEquals(receiver.lines, ["STARTTLS"]);
  assertLeft(receiver.reason, 6);
});

Deno.test("LineReceiver.setLineMode() aborts for bytes that arrived before startTLS()", () => {
  const receiver = new Careful();
  receiver.onLine = () => receiver.setRawMode();
  receiver.onRaw = (data) => {
    receiver.transport.startTLS({});
    receiver.setLineMode(data);
  };
  const fixture = new ConnectionFixture(receiver, "server");
  fixture.send("DATA\r\nEVIL\r\n");
  assertEquals(receiver.lines, ["DATA", "raw EVIL\r\n"]);
  assertLeft(receiver.reason, 6);
});

Deno.test("LineReceiver.setLineMode(bytes) delivers lines before any data arrived, and over TLS", () => {
  const receiver = new Careful();
  const fixture = new ConnectionFixture(receiver, "server");
  receiver.transport.startTLS({});
  fixture.secure();
  receiver.setLineMode(bytes("own\r\n"));
  receiver.onLine = () => receiver.setRawMode();
  receiver.onRaw = (data) => receiver.setLineMode(data.subarray(3));
  fixture.sendSecret("one\r\nrawtwo\r\n");
  assertEquals(receiver.lines, ["own", "one", "raw rawtwo\r\n", "two"]);
  assertEquals(receiver.reason, null);
});

/** A stream protocol that records its connectionLost(). */
class Streams extends StreamProtocol {
  reason: Error | null = null;

  override connectionLost(reason: Error): void {
    this.reason = reason;
    super.connectionLost(reason);
  }
}

Deno.test("StreamProtocol aborts if unread data is left when TLS starts", async () => {
  for (const more of [true, false]) {
    const protocol = new Streams();
    const fixture = new ConnectionFixture(protocol, "server");
    const reader = protocol.readable.getReader();
    fixture.send("STARTTLS\r\n");
    fixture.send("EVIL\r\n");
    assertEquals(text((await reader.read()).value ?? bytes("")), "STARTTLS\r\n");
    protocol.transport.startTLS({});
    fixture.secure();
    if (more) fixture.sendSecret("secret");
    const rejected = assertRejects(() => reader.read(), ConnectionAborted);
    await Promise.resolve();
    fixture.host.settle();
    await rejected;
    assertLeft(protocol.reason, 6);
  }
});

Deno.test("StreamProtocol delivers data over TLS if all earlier data was read", async () => {
  const protocol = new Streams();
  const fixture = new ConnectionFixture(protocol, "client");
  const reader = protocol.readable.getReader();
  const first = reader.read();
  fixture.send("220 Go ahead\r\n");
  assertEquals(text((await first).value ?? bytes("")), "220 Go ahead\r\n");
  protocol.transport.startTLS({});
  fixture.secure();
  fixture.sendSecret("secret");
  assertEquals(text((await reader.read()).value ?? bytes("")), "secret");
  assertEquals(protocol.reason, null);
});
