/**
 * Twisted's `protocols/test/test_basic.py`, `LineOnlyReceiverTests`. What the class shares with
 * LineReceiver is tested in `line_receiver_test.ts`.
 */

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { LoggedErrors } from "../testing/logged_errors.ts";
import { connectProtocol } from "../testing/fixtures/protocol_fixture.ts";
import { LineOnlyReceiver, LineProtocol, LineReceiver } from "./mod.ts";

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
    using fixture = connectProtocol(new Lines());
    for (const piece of pieces) fixture.protocol.dataReceived(bytes(piece));
    assertEquals(fixture.protocol.lines, pieces.join("").split("\n").slice(0, -1));
  }
});

Deno.test("LineOnlyReceiver closes the connection for a line that is too long, and drops the rest", () => {
  using fixture = connectProtocol(new Lines());
  fixture.protocol.dataReceived(bytes("fine\n" + "x".repeat(65) + "\nr\n"));
  assert(fixture.connection.disconnecting);
  assertEquals(fixture.protocol.lines, ["fine"]);
});

Deno.test("LineOnlyReceiver does not buffer an endless line beyond MAX_LENGTH", () => {
  const given: number[] = [];
  class Patient extends Lines {
    override lineLengthExceeded(line: Uint8Array): void {
      given.push(line.length);
    }
  }
  using fixture = connectProtocol(new Patient());
  for (let i = 0; i < 130; i++) fixture.protocol.dataReceived(bytes("x"));
  assertEquals(given, [65, 65]);
  assertEquals(fixture.protocol.clearLineBuffer().length, 0);
});

Deno.test("LineOnlyReceiver delivers no line after one whose handler closes the connection", () => {
  using fixture = connectProtocol(new Lines());
  fixture.peer.send("one\nleave\ntwo\n");
  fixture.host.settle();
  assertEquals(fixture.protocol.lines, ["one", "leave"]);
  assertEquals(fixture.reason?.name, "ConnectionDone");
});

Deno.test("LineOnlyReceiver without lineReceived() closes the connection with an error", () => {
  using errors = new LoggedErrors();
  using fixture = connectProtocol(new LineOnlyReceiver());
  fixture.peer.send("x\r\n");
  fixture.host.settle();
  assertEquals(errors.take(), [fixture.reason]);
});

Deno.test("LineReceiver and LineOnlyReceiver extend LineProtocol, and not each other", () => {
  assertInstanceOf(new LineOnlyReceiver(), LineProtocol);
  assertInstanceOf(new LineReceiver(), LineProtocol);
  assert(!(new LineReceiver() instanceof LineOnlyReceiver));
});
