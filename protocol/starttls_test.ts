/**
 * Bytes that arrived without TLS and are buffered when TLS starts: no receiver passes them on as if
 * they had arrived over TLS.
 */

import { assertEquals, assertInstanceOf, assertMatch, assertRejects } from "@std/assert";
import { FakeTLSConnection } from "../testing/fixtures/fake_tls_connection.ts";
import { ConnectionAborted } from "../reactor/errors.ts";
import { LineOnlyReceiver, LineReceiver, type Protocol, StreamProtocol } from "./mod.ts";

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);

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
      using fixture = new FakeTLSConnection(receiver, role);
      fixture.send("STARTTLS\r\nEVIL\r\n");
      assertEquals(receiver.lines, ["STARTTLS"]);
      assertLeft(receiver.reason, 6);
      assertEquals(fixture.tls.engine.calls.filter((call) => call.startsWith("receive")), []);
    });

    Deno.test(`${name} as a ${role}: startTLS() with part of a line in the buffer aborts`, () => {
      let begin = (): void => {};
      const receiver = make((protocol) => begin = () => protocol.transport.startTLS({}));
      using fixture = new FakeTLSConnection(receiver, role);
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
      using fixture = new FakeTLSConnection(receiver, role);
      fixture.send("STARTTLS\r\nHELLO\r\n");
      assertEquals(fixture.tls.engine.calls, ["start", "receive HELLO\r\n"]);
      fixture.send("MORE");
      assertEquals(fixture.tls.engine.calls.at(-1), "receive MORE");
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
      using fixture = new FakeTLSConnection(receiver, role);
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
  using fixture = new FakeTLSConnection(receiver, "server");
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
  using fixture = new FakeTLSConnection(receiver, "server");
  fixture.send("DATA\r\nEVIL\r\n");
  assertEquals(receiver.lines, ["DATA", "raw EVIL\r\n"]);
  assertLeft(receiver.reason, 6);
});

Deno.test("LineReceiver.setLineMode(bytes) delivers lines before any data arrived, and over TLS", () => {
  const receiver = new Careful();
  using fixture = new FakeTLSConnection(receiver, "server");
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
    using fixture = new FakeTLSConnection(protocol, "server");
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
  using fixture = new FakeTLSConnection(protocol, "client");
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
