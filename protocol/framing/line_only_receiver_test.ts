/**
 * Twisted's `protocols/test/test_basic.py`, `LineOnlyReceiverTests`. What the class shares with
 * LineReceiver is tested in `line_receiver_test.ts`.
 */

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { connectedServerAndClient, LoggedErrors, TestPeer } from "../../testing/mod.ts";
import { LineOnlyReceiver, LineProtocol, LineReceiver } from "../mod.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

class Lines extends LineOnlyReceiver {
  override delimiter = "\n";
  override MAX_LENGTH = 64;
  readonly lines: string[] = [];

  override textReceived(line: string): void {
    this.lines.push(line);
    if (line === "leave") this.transport.loseConnection();
  }
}

const TEXT = "foo\n    bleakness\n    desolation\n    plastic forks\n    ";

Deno.test("LineOnlyReceiver joins lines that arrive in several chunks", () => {
  for (const pieces of [[...TEXT], [TEXT], [TEXT, "and", " knives\n", "and"]]) {
    using pair = connectedServerAndClient(new Lines(), TestPeer);
    for (const piece of pieces) pair.server.dataReceived(bytes(piece));
    assertEquals(pair.server.lines, pieces.join("").split("\n").slice(0, -1));
  }
});

Deno.test("LineOnlyReceiver closes the connection for a line that is too long, and drops the rest", () => {
  using pair = connectedServerAndClient(new Lines(), TestPeer);
  pair.server.dataReceived(bytes("fine\n" + "x".repeat(65) + "\nr\n"));
  assert(pair.serverTransport.disconnecting);
  assertEquals(pair.server.lines, ["fine"]);
});

Deno.test("LineOnlyReceiver does not buffer an endless line beyond MAX_LENGTH", () => {
  const given: number[] = [];
  class Patient extends Lines {
    override lineLengthExceeded(line: Uint8Array): void {
      given.push(line.length);
    }
  }
  using pair = connectedServerAndClient(new Patient(), TestPeer);
  for (let i = 0; i < 130; i++) pair.server.dataReceived(bytes("x"));
  assertEquals(given, [65, 65]);
  assertEquals(pair.server.clearLineBuffer().length, 0);
});

Deno.test("LineOnlyReceiver delivers no line after one whose handler closes the connection", () => {
  using pair = connectedServerAndClient(new Lines(), TestPeer);
  pair.client.send("one\nleave\ntwo\n");
  pair.pump.flush();
  assertEquals(pair.server.lines, ["one", "leave"]);
  assertEquals(pair.serverReason?.name, "ConnectionDone");
});

Deno.test("LineOnlyReceiver without lineReceived() closes the connection with an error", () => {
  using errors = new LoggedErrors();
  using pair = connectedServerAndClient(new LineOnlyReceiver(), TestPeer);
  pair.client.send("x\r\n");
  pair.pump.flush();
  assertEquals(errors.take(), [pair.serverReason]);
});

Deno.test("LineReceiver and LineOnlyReceiver extend LineProtocol, and not each other", () => {
  assertInstanceOf(new LineOnlyReceiver(), LineProtocol);
  assertInstanceOf(new LineReceiver(), LineProtocol);
  assert(!(new LineReceiver() instanceof LineOnlyReceiver));
});
