/**
 * Twisted's `test/test_stateful.py`: `Int32Tests`, with the tests of `IntNTestCaseMixin` that apply
 * to a protocol without `lengthLimitExceeded()` and `sendString()` of its own.
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { LoggedErrors } from "../../testing/mod.ts";
import { connectProtocol } from "../../testing/fixtures/protocol_fixture.ts";
import { type ProtocolState, StatefulProtocol } from "../mod.ts";

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));
const text = (data: Uint8Array): string => String.fromCharCode(...data);

/** Strings with their length in front, as states. */
class Strings extends StatefulProtocol {
  readonly received: string[] = [];

  override getInitialState(): ProtocolState {
    return [this.header, 4];
  }

  header(data: Uint8Array): ProtocolState | undefined {
    const length = new DataView(data.buffer, data.byteOffset).getUint32(0);
    if (length <= 50) return [this.body, length];
    this.transport.loseConnection();
    return undefined;
  }

  body(data: Uint8Array): ProtocolState {
    this.received.push(text(data));
    if (text(data) === "pause") this.pauseProducing();
    return this.getInitialState();
  }
}

const message = (string: string): string => `\0\0\0${String.fromCharCode(string.length)}${string}`;

Deno.test("StatefulProtocol calls the method of each state, in any chunks", () => {
  const strings = ["a", "b".repeat(16), "", "a", "b".repeat(16)];
  const all = strings.map(message).join("");
  for (const size of [1, 2, 3, 5, all.length]) {
    using fixture = connectProtocol(new Strings());
    for (let at = 0; at < all.length; at += size) {
      fixture.protocol.dataReceived(bytes(all.slice(at, at + size)));
    }
    assertEquals(fixture.protocol.received, strings);
  }
});

Deno.test("StatefulProtocol calls no method before all bytes of the state have arrived", () => {
  for (const incomplete of ["\0\0\0", "\0\0\0\x05hell", ""]) {
    using fixture = connectProtocol(new Strings());
    fixture.protocol.dataReceived(bytes(incomplete));
    assertEquals(fixture.protocol.received, []);
  }
});

Deno.test("StatefulProtocol calls no method once the connection is closing", () => {
  using fixture = connectProtocol(new Strings());
  fixture.protocol.dataReceived(bytes(message("a") + "\x10\0\0\0aaaaaa" + message("b")));
  assert(fixture.connection.disconnecting);
  assertEquals(fixture.protocol.received, ["a"]);
});

Deno.test("StatefulProtocol calls no method while it is paused", () => {
  using fixture = connectProtocol(new Strings());
  fixture.protocol.dataReceived(bytes(message("pause") + message("b")));
  assertEquals(fixture.protocol.received, ["pause"]);
  fixture.protocol.resumeProducing();
  assertEquals(fixture.protocol.received, ["pause", "b"]);
});

Deno.test("StatefulProtocol keeps the state if its method returns nothing", () => {
  class Pairs extends StatefulProtocol {
    readonly pairs: string[] = [];

    override getInitialState(): ProtocolState {
      return [(data): void => void this.pairs.push(text(data)), 2];
    }
  }
  using fixture = connectProtocol(new Pairs());
  fixture.protocol.dataReceived(bytes("abcde"));
  assertEquals(fixture.protocol.pairs, ["ab", "cd"]);
  assertEquals(text(fixture.protocol.takeRest()), "e");
});

Deno.test("StatefulProtocol.MAX_LENGTH limits a state: the connection is closed", () => {
  class Greedy extends StatefulProtocol {
    override MAX_LENGTH = 10;

    override getInitialState(): ProtocolState {
      return [(data): ProtocolState => [(): void => {}, data[0] ?? 0], 1];
    }
  }
  for (const [length, isClosing] of [[10, false], [11, true]] as const) {
    using fixture = connectProtocol(new Greedy());
    fixture.protocol.dataReceived(new Uint8Array([length]));
    assertEquals(fixture.connection.disconnecting, isClosing);
  }
});

Deno.test("StatefulProtocol closes the connection if a state is not one", () => {
  using errors = new LoggedErrors();
  const wrong: [state: unknown, message: string][] = [
    [7, "the method of a state must return a state [method, length], got 7"],
    [[1, 2], "the method in the state that the method of a state returned must be a function"],
    [[(): void => {}, -1], "the length in the state that the method of a state returned must be"],
    [[(): void => {}, "2"], "the length in the state that the method of a state returned must be"],
    [Promise.resolve(), "the method of a state must return its value synchronously"],
  ];
  for (const [state, message] of wrong) {
    class Wrong extends StatefulProtocol {
      override getInitialState(): ProtocolState {
        // The cast makes the mistake that a program without types could make.
        return [(): ProtocolState => state as ProtocolState, 1];
      }
    }
    using fixture = connectProtocol(new Wrong());
    fixture.peer.send("a");
    fixture.flush();
    assert(fixture.reason?.message.startsWith(message), `${fixture.reason}`);
    assertEquals(errors.take(), [fixture.reason]);
  }
});

Deno.test("StatefulProtocol logs a promise that rejects although getInitialState() has thrown", async () => {
  using errors = new LoggedErrors();
  class Failing extends StatefulProtocol {
    override async connectionMade(): Promise<void> {
      await null;
      throw new RangeError("later");
    }

    override getInitialState(): ProtocolState {
      throw new TypeError("now");
    }
  }
  using fixture = connectProtocol(new Failing());
  await fixture.settle();
  assertEquals(errors.take().map(({ message }) => message), ["now", "later"]);
});

Deno.test("StatefulProtocol refuses to stay in a state that needs no bytes", () => {
  class Endless extends StatefulProtocol {
    override getInitialState(): ProtocolState {
      return [function forever(): void {}, 0];
    }
  }
  using fixture = connectProtocol(new Endless());
  assertThrows(
    () => fixture.protocol.dataReceived(bytes("a")),
    Error,
    "Cannot stay in the state function forever of Endless: it needs no bytes",
  );
});
