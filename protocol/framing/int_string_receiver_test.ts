/**
 * Twisted's `protocols/test/test_basic.py`, `Int32Tests`, `Int16Tests` and `Int8Tests`, and their
 * base classes `LPTestCaseMixin`, `IntNTestCaseMixin` and `RecvdAttributeMixin`, with these
 * differences:
 *
 * - `recvd` is a method here: `takeRest()`, whose bytes an application passes to `dataReceived()`
 *   again. `test_recvdContainsRemainingData`, `test_recvdChanged`, `test_switching` and
 *   `test_recvdInLengthLimitExceeded` are written with it.
 * - `test_tooLongSend`: a `RangeError`.
 * - `test_stringReceivedNotImplemented`: the connection is lost with the error.
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { LoggedErrors } from "../../testing/mod.ts";
import { connectProtocol } from "../../testing/fixtures/protocol_fixture.ts";
import {
  encodeIntString,
  Int16StringReceiver,
  Int32StringReceiver,
  Int8StringReceiver,
  IntNStringReceiver,
  StringTooLongError,
} from "../mod.ts";

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));
const text = (data: Uint8Array): string => String.fromCharCode(...data);

/** What the tests do with a receiver of any prefix. */
interface Recorder extends IntNStringReceiver {
  readonly received: string[];
}

class Int32 extends Int32StringReceiver implements Recorder {
  override MAX_LENGTH = 50;
  readonly received: string[] = [];

  override stringReceived(string: Uint8Array): void {
    this.received.push(text(string));
  }
}

class Int16 extends Int16StringReceiver implements Recorder {
  override MAX_LENGTH = 50;
  readonly received: string[] = [];

  override stringReceived(string: Uint8Array): void {
    this.received.push(text(string));
  }
}

class Int8 extends Int8StringReceiver implements Recorder {
  override MAX_LENGTH = 50;
  readonly received: string[] = [];

  override stringReceived(string: Uint8Array): void {
    this.received.push(text(string));
  }
}

class LittleEndian24 extends IntNStringReceiver implements Recorder {
  override readonly prefixLength = 3;
  override readonly littleEndian = true;
  override MAX_LENGTH = 50;
  readonly received: string[] = [];

  override stringReceived(string: Uint8Array): void {
    this.received.push(text(string));
  }
}

const RECEIVERS: {
  name: string;
  make: () => Recorder;
  /** The string `foo` with its prefix. */
  foo: string;
  /** The beginning of a string. */
  partial: string;
}[] = [
  { name: "Int32StringReceiver", make: () => new Int32(), foo: "\0\0\0\x03foo", partial: "\0\0\0" },
  { name: "Int16StringReceiver", make: () => new Int16(), foo: "\0\x03foo", partial: "\0" },
  { name: "Int8StringReceiver", make: () => new Int8(), foo: "\x03foo", partial: "\x08" },
  {
    name: "IntNStringReceiver",
    make: () => new LittleEndian24(),
    foo: "\x03\0\0foo",
    partial: "\x03\0",
  },
];

for (const { name, make, foo, partial } of RECEIVERS) {
  const message = (content: string): Uint8Array => encodeIntString(bytes(content), make());

  Deno.test(`${name} receives strings, byte by byte and all at once`, () => {
    const strings = ["a", "b".repeat(16), "", "ubar"];
    const all = strings.map((string) => text(message(string))).join("");
    for (const chunks of [[...all], [all]]) {
      using fixture = connectProtocol(make());
      for (const chunk of chunks) fixture.protocol.dataReceived(bytes(chunk));
      assertEquals(fixture.protocol.received, strings);
    }
  });

  Deno.test(`${name} receives nothing from an incomplete string`, () => {
    for (const incomplete of [partial, foo.slice(0, -1), ""]) {
      using fixture = connectProtocol(make());
      for (const byte of incomplete) fixture.protocol.dataReceived(bytes(byte));
      assertEquals(fixture.protocol.received, []);
      assert(!fixture.connection.disconnecting);
    }
  });

  Deno.test(`${name}.sendString() sends the length and the bytes`, () => {
    using fixture = connectProtocol(make());
    fixture.protocol.sendString(bytes("foo"));
    fixture.protocol.sendString("foo");
    fixture.flush();
    assertEquals(fixture.peer.text, foo + foo);
  });

  Deno.test(`${name} closes the connection for a string longer than MAX_LENGTH`, () => {
    using fixture = connectProtocol(make());
    for (const byte of message("x".repeat(51))) {
      fixture.protocol.dataReceived(new Uint8Array([byte]));
    }
    assert(fixture.connection.disconnecting);
    assertEquals(fixture.protocol.received, []);
  });

  Deno.test(`${name}.lengthLimitExceeded() receives the length, and the string is skipped`, () => {
    for (const size of [1, 7, 1000]) {
      const lengths: number[] = [];
      using fixture = connectProtocol(make());
      fixture.protocol.lengthLimitExceeded = (length): void => void lengths.push(length);
      fixture.protocol.MAX_LENGTH = 10;
      const all = ["a", "x".repeat(11), "b"].map((content) => text(message(content))).join("");
      for (let at = 0; at < all.length; at += size) {
        fixture.protocol.dataReceived(bytes(all.slice(at, at + size)));
      }
      assertEquals(lengths, [11]);
      assertEquals(fixture.protocol.received, ["a", "b"]);
    }
  });

  Deno.test(`${name}.takeRest() returns what has arrived after the current string`, () => {
    const rests: string[] = [];
    using fixture = connectProtocol(make());
    fixture.protocol.stringReceived = (): void =>
      void rests.push(text(fixture.protocol.takeRest()));
    fixture.protocol.dataReceived(bytes(foo + foo.slice(0, -1)));
    assertEquals(rests, [foo.slice(0, -1)]);
  });

  Deno.test(`${name} continues with other bytes that stringReceived() passes on`, () => {
    const received: string[] = [];
    using fixture = connectProtocol(make());
    const { protocol } = fixture;
    protocol.stringReceived = (string): void => {
      received.push(text(string));
      if (received.length > 1) return;
      protocol.takeRest();
      protocol.dataReceived(message("ccccc"));
    };
    protocol.dataReceived(bytes(text(message("aaaaa")) + text(message("bbbbb"))));
    assertEquals(received, ["aaaaa", "ccccc"]);
  });

  Deno.test(`${name} does not decode bytes twice that stringReceived() removes`, () => {
    const SWITCH = "\0\0\0\0";
    const received: string[] = [];
    using fixture = connectProtocol(make());
    const { protocol } = fixture;
    protocol.stringReceived = (string): void => {
      received.push(text(string));
      protocol.dataReceived(protocol.takeRest().subarray(SWITCH.length));
    };
    const mixed = ["a", "b".repeat(16)].map((string) => text(message(string)) + SWITCH).join("");
    protocol.dataReceived(bytes(mixed));
    protocol.dataReceived(bytes("\x01"));
    assertEquals(received, ["a", "b".repeat(16)]);
    assertEquals(text(protocol.takeRest()), "\x01");
  });

  Deno.test(`${name}.takeRest() in lengthLimitExceeded() returns the string and its prefix`, () => {
    const rests: string[] = [];
    using fixture = connectProtocol(make());
    const { protocol } = fixture;
    protocol.MAX_LENGTH = 7;
    protocol.lengthLimitExceeded = (): void => void rests.push(text(protocol.takeRest()));
    const long = message("too long");
    protocol.dataReceived(long);
    assertEquals(rests, [text(long)]);
    protocol.dataReceived(bytes(foo));
    assertEquals(protocol.received, ["foo"]);
  });
}

Deno.test("IntNStringReceiver.sendString() throws StringTooLongError if the prefix is too short", () => {
  for (const [receiver, limit] of [[new Int8(), 255], [new Int16(), 65535]] as const) {
    using fixture = connectProtocol(receiver);
    assertThrows(
      () => fixture.protocol.sendString(new Uint8Array(limit + 1)),
      StringTooLongError,
      `Cannot encode a string of ${limit + 1} bytes: the limit of a prefix of ` +
        `${receiver.prefixLength} bytes is ${limit}`,
    );
    fixture.protocol.sendString(new Uint8Array(limit));
  }
});

Deno.test("IntNStringReceiver.MAX_LENGTH is 99999 by default", () => {
  class Plain extends Int32StringReceiver {
    override stringReceived(): void {}
  }
  for (const [length, isClosing] of [[99999, false], [100000, true]] as const) {
    using fixture = connectProtocol(new Plain());
    fixture.protocol.dataReceived(encodeIntString(new Uint8Array(length), { prefixLength: 4 }));
    assertEquals(fixture.connection.disconnecting, isClosing);
  }
});

Deno.test("IntNStringReceiver without stringReceived() closes the connection with an error", () => {
  using errors = new LoggedErrors();
  class Deaf extends Int8StringReceiver {}
  using fixture = connectProtocol(new Deaf());
  fixture.peer.send("\x01a");
  fixture.flush();
  assertEquals(
    fixture.reason?.message,
    "Cannot deliver a received string: Deaf does not override stringReceived()",
  );
  assertEquals(errors.take(), [fixture.reason]);
});

Deno.test("IntNStringReceiver refuses a prefix of no bytes", () => {
  class Wrong extends IntNStringReceiver {
    override readonly prefixLength = 0;
  }
  using fixture = connectProtocol(new Wrong());
  assertThrows(
    () => fixture.protocol.dataReceived(bytes("a")),
    RangeError,
    "prefixLength must be an integer from 1 to 8, got 0",
  );
});
