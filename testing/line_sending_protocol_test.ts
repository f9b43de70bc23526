import { assertEquals } from "@std/assert";
import { ConnectionDone } from "../reactor/errors.ts";
import { LineSendingProtocol, StringTransport } from "./mod.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

Deno.test("LineSendingProtocol sends its lines when it is connected, and keeps them", () => {
  const lines = ["one", bytes("two")];
  const protocol = new LineSendingProtocol(lines);
  lines.push("three");
  const transport = new StringTransport();
  protocol.makeConnection(transport);
  assertEquals(transport.text(), "one\r\ntwo\r\n");
  protocol.dataReceived(bytes("answer\r\n"));
  assertEquals(transport.text(), "one\r\ntwo\r\n");
  assertEquals(protocol.lines, ["one", bytes("two")]);
});

Deno.test("LineSendingProtocol with start: false sends its lines after the first line", () => {
  const protocol = new LineSendingProtocol(["one", "two"], { start: false });
  const transport = new StringTransport();
  protocol.makeConnection(transport);
  assertEquals(transport.text(), "");
  protocol.dataReceived(bytes("first\r\nsecond\r\n"));
  assertEquals(transport.text(), "one\r\ntwo\r\n");
  assertEquals(protocol.lines, []);
});

Deno.test("LineSendingProtocol.response has the lines that were received", () => {
  const protocol = new LineSendingProtocol([]);
  protocol.makeConnection(new StringTransport());
  protocol.dataReceived(bytes("one\r\nzwö\r\nrest"));
  assertEquals(protocol.response, ["one", "zwö"]);
});

Deno.test("LineSendingProtocol.lostConn is true after the connection was lost", () => {
  const protocol = new LineSendingProtocol([]);
  protocol.makeConnection(new StringTransport());
  assertEquals(protocol.lostConn, false);
  protocol.connectionLost(new ConnectionDone());
  assertEquals(protocol.lostConn, true);
});

Deno.test("LineSendingProtocol.pauseProducing() pauses its transport", () => {
  const protocol = new LineSendingProtocol([]);
  const transport = new StringTransport();
  protocol.makeConnection(transport);
  protocol.pauseProducing();
  assertEquals(transport.producerState, "paused");
  protocol.resumeProducing();
  assertEquals(transport.producerState, "producing");
});
