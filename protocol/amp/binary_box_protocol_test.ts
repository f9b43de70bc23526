/** `BinaryProtocolTests` of Twisted's `test_amp.py`; see `amp_test.ts`. */

import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { ConnectionDone, ConnectionLost } from "../../reactor/errors.ts";
import { AccumulatingProtocol, LoggedErrors, StringTransport } from "../../testing/mod.ts";
import { Protocol } from "../mod.ts";
import {
  AmpBox,
  BinaryBoxProtocol,
  type BoxDecoderOptions,
  type IBoxReceiver,
  type IBoxSender,
  MalformedAmpBox,
  NoEmptyBoxes,
  OnlyOneTLS,
  ProtocolSwitched,
  TooLong,
} from "./mod.ts";

const bytes = (text: string): Uint8Array =>
  Uint8Array.from(text, (character) => character.charCodeAt(0));

/** A receiver that records its calls. */
class Receiver implements IBoxReceiver {
  readonly boxes: AmpBox[] = [];
  sender: IBoxSender | null = null;
  reason: Error | null = null;
  /** Called with each box. */
  act: (box: AmpBox) => void = () => {};

  startReceivingBoxes(sender: IBoxSender): void {
    this.sender = sender;
  }

  ampBoxReceived(box: AmpBox): void {
    this.boxes.push(box);
    this.act(box);
  }

  stopReceivingBoxes(reason: Error): void {
    this.reason = reason;
  }
}

interface Connected {
  readonly receiver: Receiver;
  readonly protocol: BinaryBoxProtocol;
  readonly transport: StringTransport;
}

function connect(options?: BoxDecoderOptions): Connected {
  const receiver = new Receiver();
  const protocol = new BinaryBoxProtocol(receiver, options);
  const transport = new StringTransport();
  protocol.makeConnection(transport);
  return { receiver, protocol, transport };
}

/** The text of a protocol that collects what it receives. */
const textOf = (protocol: AccumulatingProtocol): string => new TextDecoder().decode(protocol.data);

Deno.test("BinaryBoxProtocol.makeConnection() notifies its receiver of boxes", () => {
  const { receiver, protocol } = connect();
  assertStrictEquals(receiver.sender, protocol);
});

Deno.test("BinaryBoxProtocol.sendBox() may be called in startReceivingBoxes()", () => {
  class Eager extends Receiver {
    override startReceivingBoxes(sender: IBoxSender): void {
      sender.sendBox(new AmpBox({ foo: "bar" }));
    }
  }
  const transport = new StringTransport();
  new BinaryBoxProtocol(new Eager()).makeConnection(transport);
  assertEquals(transport.value(), bytes("\0\x03foo\0\x03bar\0\0"));
});

Deno.test("BinaryBoxProtocol throws if it has no receiver of boxes", () => {
  const protocol = new BinaryBoxProtocol(null);
  assertThrows(() => protocol.makeConnection(new StringTransport()), Error, "has no boxReceiver");
});

Deno.test("BinaryBoxProtocol.dataReceived() passes boxes to its receiver", () => {
  const { receiver, protocol, transport } = connect();
  const boxes = [
    new AmpBox({ testKey: "valueTest", anotherKey: "anotherValue" }),
    new AmpBox([["k", new Uint8Array(65535).fill(0x78)]]),
  ];
  for (const box of boxes) protocol.dataReceived(box.serialize());
  assertEquals(receiver.boxes, boxes);
  assertEquals(transport.disconnecting, false);
});

Deno.test("BinaryBoxProtocol closes when the length of a key exceeds 255", () => {
  for (const start of ["", "\0\x01k\0\x01v", "\0\x01k\0\x01v\0\0"]) {
    const { receiver, protocol, transport } = connect();
    protocol.dataReceived(bytes(start));
    assertEquals(transport.disconnecting, false);
    protocol.dataReceived(bytes("\x01\0"));
    assertEquals(transport.disconnecting, true);
    protocol.connectionLost(new ConnectionDone());
    assert(receiver.reason instanceof TooLong);
    assertEquals([receiver.reason.isKey, receiver.reason.isLocal], [true, false]);
  }
});

Deno.test("BinaryBoxProtocol closes when a box exceeds a limit", () => {
  const { receiver, protocol, transport } = connect({ maxBoxLength: 10 });
  protocol.dataReceived(bytes("\0\x01k\0\x09"));
  assertEquals(transport.disconnecting, true);
  protocol.connectionLost(new ConnectionDone());
  assert(receiver.reason instanceof MalformedAmpBox);
});

Deno.test("BinaryBoxProtocol closes when its receiver refuses a box, and logs other errors", () => {
  for (const error of [new NoEmptyBoxes("empty"), new MalformedAmpBox("bad")]) {
    const { receiver, protocol, transport } = connect();
    receiver.act = () => {
      throw error;
    };
    protocol.dataReceived(bytes("\0\x01k\0\x01v\0\0\0\x01k\0\x01v\0\0"));
    assertEquals([transport.disconnecting, receiver.boxes.length], [true, 1]);
    protocol.connectionLost(new ConnectionDone());
    assertStrictEquals(receiver.reason, error);
  }
  const { receiver, protocol } = connect();
  receiver.act = () => {
    throw new RangeError("bug");
  };
  // The connection logs the errors of its protocol.
  assertThrows(() => protocol.dataReceived(bytes("\0\x01k\0\x01v\0\0")), RangeError, "bug");
});

Deno.test("BinaryBoxProtocol.unhandledError() logs the error, and closes", () => {
  using errors = new LoggedErrors();
  const { protocol, transport } = connect();
  protocol.unhandledError(new RangeError("Fake error"));
  assertEquals(errors.take(RangeError).length, 1);
  assertEquals(transport.disconnecting, true);
});

Deno.test("BinaryBoxProtocol.unhandledError() only logs once the connection is lost", () => {
  using errors = new LoggedErrors();
  const { protocol, transport } = connect();
  protocol.connectionLost(new Error("Simulated"));
  protocol.unhandledError(new RangeError("Fake error"));
  assertEquals(errors.take(RangeError).length, 1);
  assertEquals(transport.disconnecting, false);
});

Deno.test("BinaryBoxProtocol.sendBox() writes the box", () => {
  const { protocol, transport } = connect();
  const box = new AmpBox({ testKey: "valueTest", someData: "hello" });
  protocol.sendBox(box);
  assertEquals(transport.value(), box.serialize());
  assertThrows(() => protocol.sendBox(new AmpBox()), TypeError, "it has no keys");
});

Deno.test("BinaryBoxProtocol.sendBox() throws once the connection is lost", () => {
  const { protocol } = connect();
  const reason = new ConnectionDone();
  protocol.connectionLost(reason);
  const error = assertThrows(() => protocol.sendBox(new AmpBox({ a: "1" })), ConnectionLost);
  assertStrictEquals(error.cause, reason);
});

Deno.test("BinaryBoxProtocol.connectionLost() notifies its receiver of boxes", () => {
  const { receiver, protocol } = connect();
  const reason = new RangeError("gone");
  protocol.connectionLost(reason);
  assertStrictEquals(receiver.reason, reason);
});

/** A protocol that greets. */
class Greeting extends AccumulatingProtocol {
  override connectionMade(): void {
    this.transport.write("outgoing data");
  }
}

Deno.test("BinaryBoxProtocol.switchTo() passes on the bytes after the last box", () => {
  const { receiver, protocol, transport } = connect();
  const inner = new Greeting();
  const box = new AmpBox({ include: "lots", of: "data" });
  receiver.act = () => {
    protocol.lockForSwitch();
    protocol.switchTo(inner);
  };
  // These bytes begin with a box without keys, which must not be read as one.
  protocol.dataReceived(new Uint8Array([...box.serialize(), ...bytes("\0\0Hello, world!")]));
  assertStrictEquals(inner.transport, transport);
  assertStrictEquals(protocol.innerProtocol, inner);
  assertEquals([textOf(inner), transport.text()], ["\0\0Hello, world!", "outgoing data"]);
  protocol.dataReceived(bytes("more data"));
  assertEquals(textOf(inner), "\0\0Hello, world!more data");
  assertEquals(receiver.boxes.length, 1);
  assertThrows(() => protocol.sendBox(box), ProtocolSwitched, "192.168.1.1");
});

Deno.test("BinaryBoxProtocol.switchTo() passes on no chunk if there are no bytes", () => {
  const { protocol } = connect();
  class Strict extends Protocol {
    override dataReceived(): void {
      throw new Error("There is no data");
    }
  }
  protocol.switchTo(new Strict());
});

Deno.test("BinaryBoxProtocol.lockForSwitch() refuses boxes until unlockFromSwitch()", () => {
  const { protocol, transport } = connect();
  const box = new AmpBox({ some: "data" });
  protocol.lockForSwitch();
  assertThrows(() => protocol.sendBox(box), ProtocolSwitched);
  assertThrows(() => protocol.lockForSwitch(), ProtocolSwitched, "twice");
  protocol.unlockFromSwitch();
  protocol.sendBox(box);
  assertEquals(transport.value(), box.serialize());
  protocol.lockForSwitch();
  protocol.switchTo(new Protocol());
  assertThrows(() => protocol.unlockFromSwitch(), ProtocolSwitched, "switched already");
});

Deno.test("BinaryBoxProtocol.connectionLost() notifies the inner protocol first", () => {
  const { receiver, protocol } = connect();
  const events: unknown[] = [];
  class Loser extends Protocol {
    override connectionLost(reason: Error): void {
      events.push(reason, receiver.reason);
      throw new RangeError("thrown");
    }
  }
  protocol.switchTo(new Loser());
  const reason = new ConnectionDone();
  assertThrows(() => protocol.connectionLost(reason), RangeError);
  assertEquals(events, [reason, null]);
  assertStrictEquals(receiver.reason, reason);
});

Deno.test("BinaryBoxProtocol.switchTo() forwards the optional methods of the inner protocol", () => {
  const { protocol } = connect();
  const events: string[] = [];
  const inner = Object.assign(new Protocol(), {
    readConnectionLost: () => events.push("read"),
    writeConnectionLost: () => events.push("write"),
    handshakeCompleted: () => events.push("handshake"),
    drainRequested: () => events.push("drain"),
  });
  assertEquals("drainRequested" in protocol, false);
  protocol.switchTo(inner);
  const methods = ["readConnectionLost", "writeConnectionLost", "handshakeCompleted"];
  for (const name of [...methods, "drainRequested"]) Reflect.get(protocol, name)();
  assertEquals(events, ["read", "write", "handshake", "drain"]);
});

Deno.test("BinaryBoxProtocol.switchTo() aborts if the inner protocol throws", () => {
  for (const method of ["connectionMade", "dataReceived"]) {
    using errors = new LoggedErrors();
    const { protocol, transport } = connect();
    protocol.dataReceived(bytes("\0\x01"));
    const error = new RangeError(method);
    const act = (): void => {
      throw error;
    };
    protocol.switchTo(Object.assign(new Protocol(), { [method]: act }));
    assertEquals(errors.take(RangeError), [error]);
    assertStrictEquals(transport.abortReason?.cause, error);
  }
});

Deno.test("BinaryBoxProtocol holds boxes back from prepareTLS() to startTLS()", () => {
  const { protocol, transport } = connect();
  const box = new AmpBox({ a: "1" });
  protocol.prepareTLS();
  protocol.sendBox(box);
  assertEquals(transport.value().length, 0);
  assertThrows(() => protocol.prepareTLS(), OnlyOneTLS, "192.168.1.1");
  protocol.dataReceived(bytes("\0\x05"));
  protocol.startTLS({ role: "client", serverName: "example.org" });
  assertEquals(transport.tlsOptions, {
    role: "client",
    serverName: "example.org",
    received: bytes("\0\x05"),
  });
  assertEquals(transport.value(), box.serialize());
  assertThrows(() => protocol.checkCanStartTLS(), OnlyOneTLS);
});

Deno.test("BinaryBoxProtocol.abandonTLS() continues if no box waits, and else aborts", () => {
  const idle = connect();
  idle.protocol.prepareTLS();
  idle.protocol.abandonTLS(new Error("refused"));
  idle.protocol.sendBox(new AmpBox({ a: "1" }));
  assertEquals(idle.transport.abortReason, null);
  const { protocol, transport } = connect();
  protocol.prepareTLS();
  protocol.sendBox(new AmpBox({ a: "1" }));
  const reason = new Error("refused");
  protocol.abandonTLS(reason);
  assertStrictEquals(transport.abortReason?.cause, reason);
  assertEquals(transport.value().length, 0);
});
