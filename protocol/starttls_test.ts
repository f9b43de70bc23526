/** Bytes that came in the open and are still kept when TLS begins: no receiver hands them over as if they had come over TLS. */

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

/** A connection in the open. Its peer is worked by hand, and so is TLS. */
class ConnectionFixture {
  readonly host = new TestHost();
  readonly tls = new FakeTLS();
  readonly #feed: (text: string) => void;

  constructor(protocol: IProtocol, role: Role) {
    const [end, peer] = memoryPipe({ schedule: (step) => this.host.steps.push(step) });
    const owner: ConnectionOwner = {
      host: Object.assign(this.host, { tls: this.tls }),
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

  /** Has the peer send bytes: in the open, or what is ciphertext for the engine. */
  send(text: string): void {
    this.#feed(text);
    this.host.settle();
  }

  /** Has bytes come over TLS. */
  sendSecret(text: string): void {
    this.engine.decrypt(text);
    this.host.settle();
  }

  secure(): void {
    this.engine.secure();
    this.host.settle();
  }
}

/** What a receiver does at the command. */
type Start = (protocol: Protocol & { clearLineBuffer(): Uint8Array }) => void;

/** What a test sees of a receiver. */
interface Receiver extends Protocol {
  readonly lines: string[];
  readonly reason: Error | null;
}

/** Makes a receiver that begins TLS at the line `STARTTLS`. */
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

/** Expects that the connection was aborted because of that many bytes. */
function assertLeft(reason: Error | null, count: number): void {
  assertInstanceOf(reason, ConnectionAborted);
  assertInstanceOf(reason.cause, Error);
  assertMatch(
    reason.cause.message,
    new RegExp(`^Cannot start TLS with .*: ${count} bytes that came before it were left`),
  );
}

for (const [name, make] of Object.entries(RECEIVERS)) {
  for (const role of ["server", "client"] as const) {
    Deno.test(`${name} as a ${role}: lines behind the command abort the connection`, () => {
      const receiver = make((protocol) => protocol.transport.startTLS({}));
      const fixture = new ConnectionFixture(receiver, role);
      fixture.send("STARTTLS\r\nEVIL\r\n");
      assertEquals(receiver.lines, ["STARTTLS"]);
      assertLeft(receiver.reason, 6);
      assertEquals(fixture.engine.calls.filter((call) => call.startsWith("receive")), []);
    });

    Deno.test(`${name} as a ${role}: the beginning of a line is not continued over TLS`, () => {
      let begin = (): void => {};
      const receiver = make((protocol) => begin = () => protocol.transport.startTLS({}));
      const fixture = new ConnectionFixture(receiver, role);
      fixture.send("STARTTLS\r\nEV");
      // Later, as after an answer that was waited for.
      begin();
      fixture.secure();
      fixture.sendSecret("IL\r\n");
      assertEquals(receiver.lines, ["STARTTLS"]);
      assertLeft(receiver.reason, 2);
    });

    Deno.test(`${name} as a ${role}: received goes to TLS, and never becomes a line`, () => {
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

    Deno.test(`${name} as a ${role}: a buffer that was cleared is no obstacle`, () => {
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

/** Keeps lines back, or leaves raw mode, around TLS. */
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

Deno.test("LineReceiver.resumeProducing() does not hand over over TLS what came before", () => {
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

Deno.test("LineReceiver.setLineMode() does not take back what came before TLS", () => {
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

Deno.test("LineReceiver.setLineMode() takes lines before anything came, and over TLS", () => {
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

/** A protocol of streams that notes its end. */
class Streams extends StreamProtocol {
  reason: Error | null = null;

  override connectionLost(reason: Error): void {
    this.reason = reason;
    super.connectionLost(reason);
  }
}

Deno.test("StreamProtocol does not give out over TLS what came before and was not read", async () => {
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

Deno.test("StreamProtocol gives out what comes over TLS when all was read before", async () => {
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
