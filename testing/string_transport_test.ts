/**
 * Twisted's `internet/test/test_testing.py`: `StringTransportTests` and the behavior that
 * `twisted.internet.testing` documents.
 */

import { assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { LineReceiver, Protocol } from "../protocol/mod.ts";
import { IPv4Address, UNIXAddress } from "../reactor/addresses.ts";
import { ConnectionAborted, WriteBufferExceeded } from "../reactor/errors.ts";
import type { IPushProducer, ITransport } from "../reactor/interfaces/mod.ts";
import { StringTransport } from "./mod.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A producer that records its calls. */
class Producer implements IPushProducer {
  readonly calls: string[] = [];

  pauseProducing(): void {
    this.calls.push("pause");
  }

  resumeProducing(): void {
    this.calls.push("resume");
  }

  stopProducing(): void {
    this.calls.push("stop");
  }
}

Deno.test("StringTransport is a transport for makeConnection() without a cast", () => {
  const protocol = new Protocol();
  const transport: ITransport = new StringTransport();
  protocol.makeConnection(transport);
  assertStrictEquals(protocol.transport, transport);
});

Deno.test("StringTransport.value() returns all data that was written, and text() decodes it", () => {
  const transport = new StringTransport();
  assertEquals(transport.value(), new Uint8Array());
  transport.write(bytes("one "));
  transport.write("zwö");
  transport.writeSequence([bytes(" "), "three"]);
  assertEquals(transport.value(), bytes("one zwö three"));
  assertEquals(transport.text(), "one zwö three");
});

Deno.test("StringTransport.clear() discards the data that was written", () => {
  const transport = new StringTransport();
  transport.write("old");
  transport.clear();
  assertEquals(transport.text(), "");
  transport.write("new");
  assertEquals(transport.text(), "new");
});

Deno.test("StringTransport.write() copies the bytes", () => {
  const transport = new StringTransport();
  const data = bytes("one");
  transport.write(data);
  data.fill(0);
  assertEquals(transport.text(), "one");
});

Deno.test("StringTransport.write() rejects other data, and writeSequence() then writes none", () => {
  const transport = new StringTransport();
  // The types reject these values.
  assertThrows(() => transport.write(42 as never), TypeError, "write() data must be a Uint8Array");
  assertThrows(
    () => transport.writeSequence(["a", null as never]),
    TypeError,
    "writeSequence() data must be a Uint8Array or a string, got null",
  );
  assertEquals(transport.text(), "");
});

Deno.test("StringTransport.getHost() and getPeer() return IPv4 addresses by default", () => {
  const transport = new StringTransport();
  assertEquals(transport.getHost(), new IPv4Address("TCP", "10.0.0.1", 12345));
  assertEquals(transport.getPeer(), new IPv4Address("TCP", "192.168.1.1", 54321));
  assertEquals(String(transport), "StringTransport to 192.168.1.1:54321");
});

Deno.test("StringTransport.getHost() and getPeer() return the addresses of the options", () => {
  const hostAddress = new UNIXAddress("/run/host");
  const peerAddress = new UNIXAddress("");
  const transport = new StringTransport({ hostAddress, peerAddress });
  assertStrictEquals(transport.getHost(), hostAddress);
  assertStrictEquals(transport.getPeer(), peerAddress);
  transport.peerAddr = hostAddress;
  assertStrictEquals(transport.getPeer(), hostAddress);
});

Deno.test("StringTransport.loseConnection() only sets disconnecting, and writes are still sent", () => {
  const transport = new StringTransport();
  assertEquals([transport.connected, transport.disconnecting], [true, false]);
  transport.loseConnection();
  transport.write("late");
  const { connected, disconnecting, disconnected, aborted } = transport;
  assertEquals([connected, disconnecting, disconnected, aborted], [true, true, false, false]);
  assertEquals(transport.text(), "late");
});

Deno.test("StringTransport.abortConnection() sets aborted and disconnected, and ends writing", () => {
  const transport = new StringTransport();
  transport.write("before ");
  transport.abortConnection();
  transport.write("after");
  const { connected, disconnecting, disconnected, aborted } = transport;
  assertEquals([connected, disconnecting, disconnected, aborted], [false, true, true, true]);
  assertEquals(transport.text(), "before ");
});

Deno.test("StringTransport.abortReason is the error that connectionLost() would receive", () => {
  const transport = new StringTransport();
  assertEquals(transport.abortReason, null);
  const cause = new RangeError("too much");
  transport.abortConnection(cause);
  transport.abortConnection(new Error("again"));
  assertInstanceOf(transport.abortReason, ConnectionAborted);
  assertStrictEquals(transport.abortReason.cause, cause);
  const own = new WriteBufferExceeded(1, 2, 3, "192.0.2.1:80");
  const other = new StringTransport();
  other.abortConnection(own);
  assertStrictEquals(other.abortReason, own);
});

Deno.test("StringTransport.loseWriteConnection() ends writing once no producer is registered", () => {
  const transport = new StringTransport();
  transport.registerProducer(new Producer(), true);
  transport.loseWriteConnection();
  assertEquals([transport.writeDisconnecting, transport.disconnecting], [true, false]);
  transport.write("sent");
  transport.unregisterProducer();
  transport.write("not sent");
  assertEquals(transport.text(), "sent");
});

Deno.test("StringTransport.registerProducer() stores the producer and does not call it", () => {
  for (const streaming of [true, false] as const) {
    const transport = new StringTransport();
    const producer = new Producer();
    // Each call has a literal: the type of the second argument decides about the first.
    if (streaming) transport.registerProducer(producer, true);
    else transport.registerProducer(producer, false);
    assertStrictEquals(transport.producer, producer);
    assertEquals([transport.streaming, producer.calls], [streaming, []]);
  }
});

Deno.test("StringTransport.registerProducer() throws if a producer is registered already", () => {
  const transport = new StringTransport();
  const producer = new Producer();
  transport.registerProducer(producer, true);
  assertThrows(
    () => transport.registerProducer(new Producer(), false),
    Error,
    "Cannot register the producer",
  );
  assertStrictEquals(transport.producer, producer);
  assertEquals(transport.streaming, true);
});

Deno.test("StringTransport.registerProducer() stops a producer after abortConnection()", () => {
  const transport = new StringTransport();
  const producer = new Producer();
  transport.abortConnection();
  transport.registerProducer(producer, true);
  transport.unregisterProducer();
  assertEquals([transport.producer, producer.calls], [null, ["stop"]]);
});

Deno.test("StringTransport.unregisterProducer() removes the producer, and throws without one", () => {
  const transport = new StringTransport();
  transport.registerProducer(new Producer(), true);
  transport.unregisterProducer();
  assertEquals([transport.producer, transport.streaming], [null, null]);
  assertThrows(() => transport.unregisterProducer(), Error, "no producer is registered");
});

Deno.test("StringTransport.producerState follows the calls of a producer's methods", () => {
  const transport = new StringTransport();
  assertEquals(transport.producerState, "producing");
  transport.pauseProducing();
  assertEquals(transport.producerState, "paused");
  transport.resumeProducing();
  assertEquals(transport.producerState, "producing");
  transport.stopProducing();
  assertEquals([transport.producerState, transport.disconnecting], ["stopped", true]);
});

Deno.test("StringTransport.pauseProducing() and resumeProducing() throw after stopProducing()", () => {
  const transport = new StringTransport({ lenient: true });
  transport.stopProducing();
  assertThrows(() => transport.pauseProducing(), Error, "Cannot pause StringTransport to");
  assertThrows(() => transport.resumeProducing(), Error, "it has been stopped");
  assertEquals(transport.producerState, "stopped");
});

Deno.test("StringTransport.resumeProducing() throws after a close, unless lenient is set", () => {
  const transport = new StringTransport();
  transport.loseConnection();
  assertThrows(() => transport.resumeProducing(), Error, "its connection has been closed");
  assertThrows(() => transport.pauseProducing(), Error, "its connection has been closed");
  const lenient = new StringTransport({ lenient: true });
  lenient.loseConnection();
  lenient.pauseProducing();
  assertEquals(lenient.producerState, "paused");
});

Deno.test("StringTransport.setTcpNoDelay() and setTcpKeepAlive() store the settings", () => {
  const transport = new StringTransport();
  assertEquals([transport.getTcpNoDelay(), transport.getTcpKeepAlive()], [false, false]);
  transport.setTcpNoDelay(true);
  transport.setTcpKeepAlive(true, 30);
  assertEquals([transport.getTcpNoDelay(), transport.getTcpKeepAlive()], [true, true]);
  assertEquals(transport.tcpKeepAliveIdle, 30);
  assertThrows(() => transport.setTcpKeepAlive(true, 0), RangeError, "from 1 to 32767, got 0");
});

Deno.test("StringTransport.startTLS() stores the options, and completeHandshake() makes it secure", () => {
  const transport = new StringTransport();
  const options = { serverName: "example.org" };
  transport.startTLS(options);
  assertStrictEquals(transport.tlsOptions, options);
  assertEquals([transport.tlsStarted, transport.secure], [true, false]);
  assertEquals([transport.negotiatedProtocol, transport.getPeerCertificate()], [null, null]);
  transport.completeHandshake({ negotiatedProtocol: "h2" });
  assertEquals([transport.secure, transport.negotiatedProtocol], [true, "h2"]);
  assertThrows(() => transport.startTLS({}), Error, "TLS has been started already");
});

Deno.test("StringTransport.startTLS() throws after loseWriteConnection()", () => {
  const transport = new StringTransport();
  transport.loseWriteConnection();
  assertThrows(() => transport.startTLS({}), Error, "has already been closed");
  transport.abortConnection();
  transport.startTLS({});
  assertEquals(transport.tlsOptions, null);
});

Deno.test("StringTransport shows that LineReceiver aborts if lines are left before TLS", () => {
  class Server extends LineReceiver {
    override textReceived(): void {
      this.transport.startTLS({ cert: "", key: "" });
    }
  }
  const transport = new StringTransport();
  const server = new Server();
  server.makeConnection(transport);
  server.dataReceived(bytes("STARTTLS\r\nQUIT\r\n"));
  assertEquals(transport.abortReason?.message.includes("bytes that arrived before TLS"), true);
});

Deno.test("StringTransport.disconnect() closes the connection, as the peer does", () => {
  const transport = new StringTransport();
  transport.loseConnection();
  transport.disconnect();
  transport.write("late");
  const { connected, disconnecting, disconnected, aborted } = transport;
  assertEquals([connected, disconnecting, disconnected, aborted], [false, false, true, false]);
  assertEquals(transport.text(), "");
});
