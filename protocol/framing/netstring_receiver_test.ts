/**
 * Twisted's `protocols/test/test_basic.py`, `NetstringReceiverTests` and its base class
 * `LPTestCaseMixin`, with these differences:
 *
 * - `test_receiveNetstringPortions_1` and `test_receiveTwoNetstrings` also read a private method.
 *   `netstring_decoder_test.ts` checks the state of the decoder.
 * - `test_consumeLength` and `test_consumeLengthBorderCase1` to `3` call a private method: the
 *   limit is tested through `dataReceived()`.
 * - `test_maxReceiveLimit` sends zero bytes instead of a length, by mistake. Here it is a length.
 * - `test_stringReceivedNotImplemented`: the connection is lost with the error.
 */

import { assert, assertEquals } from "@std/assert";
import { LoggedErrors } from "../../testing/mod.ts";
import { connectProtocol } from "../../testing/fixtures/protocol_fixture.ts";
import { NetstringReceiver } from "../mod.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);

/** A receiver that records its strings. */
class Strings extends NetstringReceiver {
  override MAX_LENGTH = 50;
  readonly received: string[] = [];

  override stringReceived(string: Uint8Array): void {
    this.received.push(text(string));
  }
}

/** Returns the strings that are received from chunks, and whether the connection is closing. */
function receive(...chunks: string[]): { received: string[]; isClosing: boolean } {
  using fixture = connectProtocol(new Strings());
  for (const chunk of chunks) fixture.protocol.dataReceived(bytes(chunk));
  assertEquals(fixture.protocol.brokenPeer, fixture.connection.disconnecting);
  return { received: fixture.protocol.received, isClosing: fixture.connection.disconnecting };
}

for (const size of [1, 2, 3, 4, 5, 6, 7, 8, 9]) {
  Deno.test(`NetstringReceiver receives what sendString() sent, in chunks of ${size}`, () => {
    const strings = ["hello", "world", "how", "are", "you123", ":today", "a".repeat(515)];
    using sender = connectProtocol(new Strings());
    for (const string of strings) sender.protocol.sendString(bytes(string));
    sender.flush();
    using receiver = connectProtocol(new Strings());
    receiver.protocol.MAX_LENGTH = 699;
    const sent = bytes(sender.peer.text);
    for (let at = 0; at < sent.length; at += size) {
      receiver.protocol.dataReceived(sent.subarray(at, at + size));
    }
    assertEquals(receiver.protocol.received, strings);
  });
}

Deno.test("NetstringReceiver receives strings of zero, one and two bytes, and nested strings", () => {
  assertEquals(receive("0:,").received, [""]);
  assertEquals(receive("1:a,").received, ["a"]);
  assertEquals(receive("2:ab,").received, ["ab"]);
  assertEquals(receive("4:1:a,,").received, ["1:a,"]);
});

Deno.test("NetstringReceiver receives a string that is split anywhere", () => {
  assertEquals(receive("4:aa", "aa,").received, ["aaaa"]);
  assertEquals(receive("1", "0:01234", "56789", ",").received, ["0123456789"]);
  assertEquals(receive(..."2:ab,").received, ["ab"]);
  assertEquals(receive("1:a,1").received, ["a"]);
  assertEquals(receive("1:a,1", ":b,").received, ["a", "b"]);
});

const MALFORMED = {
  "9999999999999999999999": "a length of 22 digits",
  "abc": "only data",
  "aaa,": "neither length nor colon",
  ":aaa,": "no length",
  "3aaa,": "no colon",
  "4:abcde": "no comma",
  "2:aaa,": "more data than announced",
  "0:a,": "data in an empty string",
  "007:abcdefg,": "a length with a leading zero",
  "00:,": "a zero with a leading zero",
  "-1:,": "a negative length",
  "51:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab,": "a string above MAX_LENGTH",
};
for (const [malformed, problem] of Object.entries(MALFORMED)) {
  Deno.test(`NetstringReceiver closes the connection after ${problem}`, () => {
    for (const chunks of [[malformed], [...malformed], [`1:a,${malformed}`, "1:b,"]]) {
      const { received, isClosing } = receive(...chunks);
      assert(isClosing);
      assertEquals(received, chunks.length === 2 ? ["a"] : []);
    }
  });
}

Deno.test("NetstringReceiver.MAX_LENGTH is the longest string that is received", () => {
  assertEquals(receive(`50:${"a".repeat(50)},`).received, ["a".repeat(50)]);
  assert(receive("51:").isClosing);
  assert(receive("1000:").isClosing);
  using fixture = connectProtocol(new NetstringReceiver());
  assertEquals(fixture.protocol.MAX_LENGTH, 99999);
});

Deno.test("NetstringReceiver closes after the pending writes when the peer is broken", () => {
  class Echo extends NetstringReceiver {
    override stringReceived(string: Uint8Array): void {
      this.sendString(string);
    }
  }
  using fixture = connectProtocol(new Echo());
  fixture.peer.send("2:ok,x");
  fixture.flush();
  assertEquals(fixture.peer.text, "2:ok,");
  assertEquals(fixture.reason?.name, "ConnectionDone");
});

Deno.test("NetstringReceiver.sendString() counts the bytes of a string, not its characters", () => {
  using fixture = connectProtocol(new Strings());
  fixture.protocol.sendString("é€");
  fixture.protocol.sendString("");
  fixture.flush();
  assertEquals(fixture.peer.text, "5:é€,0:,");
});

Deno.test("NetstringReceiver without stringReceived() closes the connection with an error", () => {
  using errors = new LoggedErrors();
  class Deaf extends NetstringReceiver {}
  using fixture = connectProtocol(new Deaf());
  fixture.peer.send("1:a,");
  fixture.flush();
  assertEquals(
    fixture.reason?.message,
    "Cannot deliver a received string: Deaf does not override stringReceived()",
  );
  assertEquals(errors.take(), [fixture.reason]);
});
