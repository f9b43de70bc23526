/** Of Twisted's `protocols/test/test_basic.py`, `LineOnlyReceiverTests`. The rest of what it does is in `line_receiver_test.ts`. */

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { LoggedErrors } from "../testing/fixtures/logged_errors.ts";
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

Deno.test("Lines come out whole, byte by byte, and with a tail", () => {
  for (const pieces of [[...TEXT], [TEXT], [TEXT, "and", " knives\n", "and"]]) {
    using fixture = connectProtocol(new Lines());
    for (const piece of pieces) fixture.protocol.dataReceived(bytes(piece));
    assertEquals(fixture.protocol.lines, pieces.join("").split("\n").slice(0, -1));
  }
});

Deno.test("A line that is too long loses the connection, and the lines behind it are not handed over", () => {
  using fixture = connectProtocol(new Lines());
  fixture.protocol.dataReceived(bytes("fine\n" + "x".repeat(65) + "\nr\n"));
  assert(fixture.connection.disconnecting);
  assertEquals(fixture.protocol.lines, ["fine"]);
});

Deno.test("A line that never ends is given up when it is too long, not gathered on", () => {
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

Deno.test("A line that has the connection lost is the last one", () => {
  using fixture = connectProtocol(new Lines());
  fixture.peer.send("one\nleave\ntwo\n");
  fixture.host.settle();
  assertEquals(fixture.protocol.lines, ["one", "leave"]);
  assertEquals(fixture.reason?.name, "ConnectionDone");
});

Deno.test("A receiver without a method for lines is lost with an error", () => {
  using errors = new LoggedErrors();
  using fixture = connectProtocol(new LineOnlyReceiver());
  fixture.peer.send("x\r\n");
  fixture.host.settle();
  assertEquals(errors.take(), [fixture.reason]);
});

Deno.test("Both receivers are a LineProtocol, and neither is the other", () => {
  assertInstanceOf(new LineOnlyReceiver(), LineProtocol);
  assertInstanceOf(new LineReceiver(), LineProtocol);
  assert(!(new LineReceiver() instanceof LineOnlyReceiver));
});
