/**
 * Of Twisted's `internet/test/test_endpoints.py`, the part of `HostnameEndpointIDNATests` that is
 * about names.
 */

import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { encodeHostname } from "./hostname.ts";
import { anyCharacter } from "../../testing/fixtures/any_text.ts";

const NAMES: [host: string, encoded: string][] = [
  ["localhost", "localhost"],
  ["Example.ORG.", "Example.ORG."],
  ["_xmpp._tcp.example.org", "_xmpp._tcp.example.org"],
  ["xn--bcher-kva.ch", "xn--bcher-kva.ch"],
  ["bücher.ch", "xn--bcher-kva.ch"],
  ["Bu\u0308cher.ch", "xn--bcher-kva.ch"], // decomposed
  ["例え。テスト", "xn--r8jz45g.xn--zckzah"], // an ideographic full stop
  ["127.0.0.1", "127.0.0.1"],
  ["::1", "::1"],
  ["fe80::1%eth0", "fe80::1%eth0"],
  ["１２７．0.0.1", "127.0.0.1"],
  [`${"a".repeat(63)}.org`, `${"a".repeat(63)}.org`],
];

for (const [host, encoded] of NAMES) {
  Deno.test(`encodeHostname() looks up ${host} as ${encoded}`, () => {
    assertEquals(encodeHostname(host), encoded);
  });
}

const WRONG = [
  "",
  ".",
  "a..b",
  "exa mple.org",
  "example.org/",
  "user@example.org",
  "example.org:80",
  "[::1]",
  "b\u00fccher.ch:80",
  "b\u00fccher.ch/x",
  "x@b\u00fccher.ch",
  "b\u00fccher.ch?",
  "b\u00fccher%2ech",
  "b\u00fc\tcher.ch",
  "\u2ff0-garbage-\u2ff0",
  "\x00",
  "a".repeat(64),
  `${"a.".repeat(127)}a`,
];

for (const host of WRONG) {
  Deno.test(`encodeHostname() refuses ${JSON.stringify(host)} with an error that quotes it`, () => {
    const error = assertThrows(() => encodeHostname(host), RangeError);
    assertEquals(
      error.message,
      `Cannot use ${
        JSON.stringify(host)
      } as a host name: it is neither a valid host name nor an IP address`,
    );
  });
}

Deno.test("encodeHostname() returns an ASCII name that encodes to itself, or throws RangeError", () => {
  fc.assert(
    fc.property(fc.string({ unit: anyCharacter }), (host) => {
      let encoded: string;
      try {
        encoded = encodeHostname(host);
      } catch (error) {
        assertEquals(error instanceof RangeError, true);
        return;
      }
      assertEquals(encodeHostname(encoded), encoded);
      assertEquals(/^[\x21-\x7e]+$/.test(encoded), true);
    }),
  );
});
