/**
 * The messages of SOCKS, decoded and encoded. The vectors follow the layouts in RFC 1928 (sections
 * 3, 4 and 6), RFC 1929 (section 2), and the descriptions of SOCKS 4 and 4a by Ying-Da Lee
 * (https://www.openssh.com/txt/socks4.protocol and socks4a.protocol); those of version 4 are the
 * bytes of Twisted's `twisted/test/test_socks.py`.
 */

import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { byteCost } from "../../testing/fixtures/byte_cost.ts";
import type { FrameDecoder } from "../framing/frame_decoder.ts";
import { FramingError, IncompleteFrameError } from "../framing/framing_error.ts";
import {
  encodeSOCKS4Reply,
  encodeSOCKS4Request,
  encodeSOCKS5Authentication,
  encodeSOCKS5Credentials,
  encodeSOCKS5Greeting,
  encodeSOCKS5MethodSelection,
  encodeSOCKS5Reply,
  encodeSOCKS5Request,
  SOCKSCommand,
  SOCKSReplyDecoder,
  type SOCKSReplyDecoderOptions,
  SOCKSRequestDecoder,
  type SOCKSRequestDecoderOptions,
} from "./mod.ts";

const latin1 = (text: string): number[] => Array.from(text, (char) => char.charCodeAt(0));
const bytes = (...parts: (number | string | Uint8Array)[]): Uint8Array =>
  Uint8Array.from(
    parts.flatMap((part) =>
      typeof part === "number" ? [part] : typeof part === "string" ? latin1(part) : [...part]
    ),
  );

/** Decodes chunks until the end or an error, and returns the messages and the error or the rest. */
function decodeAll<F>(decoder: FrameDecoder<F>, chunks: Iterable<Uint8Array>): unknown[] {
  const seen: unknown[] = [];
  try {
    for (const chunk of chunks) {
      decoder.push(chunk);
      for (let frame = decoder.next(); frame !== null; frame = decoder.next()) seen.push(frame);
    }
  } catch (error) {
    assert(error instanceof FramingError);
    assertStrictEquals(assertThrows(() => decoder.next()), error);
    return [...seen, `${error}`];
  }
  return [...seen, [...decoder.takeRest()]];
}

function* cut(all: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size);
}

/** Decodes bytes with several splits, which must agree. */
function decoded<F>(make: () => FrameDecoder<F>, all: Uint8Array): unknown[] {
  const results = [all.length, 1, 2, 3, 7].map((size) => decodeAll(make(), cut(all, size)));
  for (const result of results) assertEquals(result, results[0]);
  return results[0] ?? [];
}

const open = (): SOCKSRequestDecoder => new SOCKSRequestDecoder();
const closed = (): SOCKSRequestDecoder => new SOCKSRequestDecoder({ credentials: true });

const GREETING = bytes(5, 1, 0);
const request5 = (...parts: (number | string)[]): Uint8Array => bytes(GREETING, 5, 1, 0, ...parts);
const asked = (host: string, port: number, command = 1): object => ({
  type: "request",
  version: 5,
  command,
  host,
  port,
  userId: null,
});
const asked4 = (host: string, port: number, userId: string, command = 1): object => ({
  ...asked(host, port, command),
  version: 4,
  userId,
});
const greeting = (...methods: number[]): object => ({ type: "greeting", methods });

Deno.test("SOCKSRequestDecoder decodes Twisted's requests of SOCKS 4 and 4a", () => {
  assertEquals(decoded(open, bytes(4, 1, 0, 34, 1, 2, 3, 4, "fooBAR\0")), [
    asked4("1.2.3.4", 34, "fooBAR"),
    [],
  ]);
  assertEquals(decoded(open, bytes(4, 1, 0, 34, 0, 0, 0, 1, "fooBAZ\0localhost\0rest")), [
    asked4("localhost", 34, "fooBAZ"),
    latin1("rest"),
  ]);
  assertEquals(decoded(open, bytes(4, 2, 0x10, 0x92, 10, 2, 3, 4, "\0")), [
    asked4("10.2.3.4", 4242, "", 2),
    [],
  ]);
  // 0.0.0.0 is an address, not the sign of a name.
  assertEquals(decoded(open, bytes(4, 1, 0, 1, 0, 0, 0, 0, "\0")), [asked4("0.0.0.0", 1, ""), []]);
});

Deno.test("SOCKSRequestDecoder decodes the requests of RFC 1928", () => {
  assertEquals(decoded(open, request5(1, 192, 0, 2, 1, 0, 80, "GET")), [
    greeting(0),
    asked("192.0.2.1", 80),
    latin1("GET"),
  ]);
  assertEquals(decoded(open, request5(3, 11, "example.org", 1, 187)), [
    greeting(0),
    asked("example.org", 443),
    [],
  ]);
  const ipv6 = bytes(0x20, 0x01, 0x0d, 0xb8, new Uint8Array(11), 1);
  assertEquals(decoded(open, bytes(GREETING, 5, 3, 0, 4, ipv6, 0, 53)), [
    greeting(0),
    asked("2001:db8::1", 53, SOCKSCommand.UDP_ASSOCIATE),
    [],
  ]);
  assertEquals(decoded(open, bytes(5, 0)), [greeting(), []]);
  assertEquals(decoded(open, bytes(5, 3, 0, 1, 2)), [greeting(0, 1, 2), []]);
});

Deno.test("SOCKSRequestDecoder decodes the credentials of RFC 1929", () => {
  assertEquals(
    decoded(closed, bytes(5, 1, 2, 1, 4, "user", 6, "secret", 5, 1, 0, 1, 1, 2, 3, 4, 0, 80)),
    [
      greeting(2),
      { type: "credentials", username: "user", password: "secret" },
      asked("1.2.3.4", 80),
      [],
    ],
  );
  assertEquals(decoded(closed, bytes(5, 1, 2, 1, 3, 0xc3, 0xbc, 0x3a, 0)), [
    greeting(2),
    { type: "credentials", username: "ü:", password: "" },
    [],
  ]);
});

const BROKEN: [bytes: Uint8Array, decoder: () => SOCKSRequestDecoder, problem: string][] = [
  [bytes("GET / HTTP/1.1\r\n"), open, "its version must be 4 or 5, got 71 (at byte 0"],
  [bytes(0x16, 3, 1), open, "its version must be 4 or 5, got 22 (at byte 0"],
  [bytes(GREETING, 4, 1, 0), open, "its version must be 5, got 4 (at byte 3"],
  [bytes(GREETING, 5, 1, 7, 1), open, "its reserved byte must be 0, got 7 (at byte 5"],
  [request5(2, 0, 0), open, "its type of address must be IPv4 (1), a name (3) or IPv6 (4), got 2"],
  [request5(3, 0, 0, 80), open, "its host name must not be empty (at byte 7"],
  [bytes(4, 1, 0, 80, 0, 0, 0, 1, 0, 0), open, "its host name must not be empty (at byte 9"],
  [bytes(GREETING, 5, 1, 0), closed, "the version of its credentials must be 1, got 5 (at byte 3"],
  [bytes(GREETING, 1, 1, 0xff, 1, "x"), closed, "its credentials must be UTF-8 (at byte 5"],
  [
    bytes(4, 1, 0, 80, 1, 2, 3, 4, "u".repeat(256)),
    open,
    "Cannot receive a user id of a SOCKS 4 request of 256 bytes or more: the limit is 255",
  ],
  [
    bytes(4, 1, 0, 80, 0, 0, 0, 1, "\0", "h".repeat(256), "\0"),
    open,
    "Cannot receive a host name of a SOCKS 4 request of 256 bytes or more: the limit is 255",
  ],
];

for (const [all, make, problem] of BROKEN) {
  Deno.test(`SOCKSRequestDecoder refuses a message: ${problem.slice(0, 44)}, ${all.length} B`, () => {
    const last = String(decoded(make, all).at(-1));
    assert(last.includes(problem), last);
  });
}

Deno.test("SOCKSRequestDecoder accepts the longest fields", () => {
  const name = "n".repeat(255);
  assertEquals(decoded(open, bytes(4, 1, 0, 80, 0, 0, 0, 1, name, 0, name, 0)), [
    asked4(name, 80, name),
    [],
  ]);
  assertEquals(decoded(open, request5(3, 255, name, 0, 80)).at(1), asked(name, 80));
});

Deno.test("SOCKSReplyDecoder decodes the answers of servers of version 5", () => {
  const make = (): SOCKSReplyDecoder => new SOCKSReplyDecoder({ version: 5 });
  const reply = { type: "reply", version: 5, code: 0, host: "10.0.0.1", port: 4711 };
  assertEquals(decoded(make, bytes(5, 0, 5, 0, 0, 1, 10, 0, 0, 1, 0x12, 0x67, "220 ready")), [
    { type: "method", method: 0 },
    reply,
    latin1("220 ready"),
  ]);
  assertEquals(decoded(make, bytes(5, 2, 1, 0, 5, 5, 0, 3, 1, "x", 0, 0)), [
    { type: "method", method: 2 },
    { type: "authentication", status: 0 },
    { ...reply, code: 5, host: "x", port: 0 },
    [],
  ]);
  const wrong = "Cannot decode a SOCKS message: its first byte must be";
  assert(String(decoded(make, bytes("HTTP")).at(-1)).includes(`${wrong} 5, got 72 (at byte 0`));
  assert(String(decoded(make, bytes(5, 2, 5)).at(-1)).includes(`${wrong} 1, got 5 (at byte 2`));
  assert(String(decoded(make, bytes(5, 0, 4)).at(-1)).includes(`${wrong} 5, got 4 (at byte 2`));
  assert(String(decoded(make, bytes(5, 0, 5, 0, 0, 9)).at(-1)).startsWith("UnknownSOCKSAddress"));
});

Deno.test("SOCKSReplyDecoder decodes the replies of servers of version 4", () => {
  const make = (): SOCKSReplyDecoder => new SOCKSReplyDecoder({ version: 4 });
  const reply = { type: "reply", version: 4, code: 90, host: "1.2.3.4", port: 34 };
  assertEquals(decoded(make, bytes(0, 90, 0, 34, 1, 2, 3, 4, "hi")), [reply, latin1("hi")]);
  const twice = (): SOCKSReplyDecoder => new SOCKSReplyDecoder({ version: 4, replies: 2 });
  const both = bytes(0, 90, 0, 34, 1, 2, 3, 4, 0, 91, 0, 0, 0, 0, 0, 0);
  assertEquals(decoded(twice, both), [reply, { ...reply, code: 91, host: "0.0.0.0", port: 0 }, []]);
  assert(String(decoded(make, bytes(4, 90)).at(-1)).includes("must be 0, got 4"));
});

Deno.test("SOCKS decoders throw in finish() for every truncation of a message", () => {
  const cases: [FrameDecoder<unknown>, Uint8Array][] = [
    [open(), bytes(4, 1, 0, 34, 0, 0, 0, 1, "fooBAZ\0localhost\0")],
    [new SOCKSReplyDecoder({ version: 4 }), bytes(0, 90, 0, 34, 1, 2, 3, 4)],
  ];
  for (const [decoder, message] of cases) {
    for (let size = 1; size < message.length; size++) {
      decoder.push(message.slice(0, size));
      assertEquals(decoder.next(), null);
      assertEquals(assertThrows(() => decoder.finish(), IncompleteFrameError).buffered, size);
      decoder.takeRest();
    }
    decoder.push(bytes(message, "rest"));
    assert(decoder.next() !== null);
    decoder.finish();
    decoder.takeRest();
  }
});

const host5 = fc.oneof(
  fc.ipV4(),
  fc.uint8Array({ minLength: 16, maxLength: 16 }).map((ip) =>
    new URL(`http://[${(ip.toHex().match(/.{4}/g) ?? []).join(":")}]/`).hostname.slice(1, -1)
  ),
  fc.domain(),
);
const port = fc.integer({ min: 0, max: 65535 });
const code = fc.integer({ min: 0, max: 255 });
const sizes = fc.integer({ min: 1, max: 40 });
const field = fc.string({ minLength: 1, maxLength: 60, unit: "binary" });

Deno.test("SOCKSRequestDecoder decodes what the client functions encode, for any split", () => {
  fc.assert(fc.property(host5, port, field, field, sizes, fc.uint8Array(), (...args) => {
    const [host, port, username, password, size, rest] = args;
    const all = bytes(
      encodeSOCKS5Greeting([0, 2]),
      encodeSOCKS5Credentials(username, password),
      encodeSOCKS5Request({ host, port }),
      rest,
    );
    assertEquals(decodeAll(closed(), cut(all, size)), [
      greeting(0, 2),
      { type: "credentials", username, password },
      asked(host, port),
      [...rest],
    ]);
  }));
  const host4 = fc.oneof(fc.ipV4().filter((ip) => !ip.startsWith("0.0.0.")), fc.domain());
  fc.assert(fc.property(host4, port, fc.domain(), sizes, fc.uint8Array(), (...args) => {
    const [host, port, userId, size, rest] = args;
    const all = bytes(encodeSOCKS4Request({ host, port, userId }), rest);
    assertEquals(decodeAll(open(), cut(all, size)), [asked4(host, port, userId), [...rest]]);
  }));
});

Deno.test("SOCKSReplyDecoder decodes what the server functions encode, for any split", () => {
  fc.assert(
    fc.property(code, host5, port, sizes, fc.uint8Array(), (code, host, port, size, rest) => {
      const all = bytes(
        encodeSOCKS5MethodSelection(2),
        encodeSOCKS5Authentication(true),
        encodeSOCKS5Reply({ code, host, port }),
        rest,
      );
      const decoder = new SOCKSReplyDecoder({ version: 5 });
      assertEquals(decodeAll(decoder, cut(all, size)), [
        { type: "method", method: 2 },
        { type: "authentication", status: 0 },
        { type: "reply", version: 5, code, host, port },
        [...rest],
      ]);
    }),
  );
  fc.assert(fc.property(code, fc.ipV4(), port, sizes, (code, host, port, size) => {
    const decoder = new SOCKSReplyDecoder({ version: 4 });
    const all = encodeSOCKS4Reply({ code, host, port });
    const reply = { type: "reply", version: 4, code, host, port };
    assertEquals(decodeAll(decoder, cut(all, size)), [reply, []]);
  }));
});

Deno.test("SOCKSRequestDecoder copies few bytes, even if they arrive one by one", () => {
  const all = bytes(4, 1, 0, 80, 0, 0, 0, 1, "u".repeat(255), 0, "h".repeat(255), 0);
  const { copied } = byteCost(() => decodeAll(open(), cut(all, 1)));
  assert(copied < 4 * all.length, `${copied} bytes were copied for ${all.length}`);
});

Deno.test("the SOCKS functions encode the bytes of the specifications", () => {
  const greetings = [encodeSOCKS5Greeting([0]), encodeSOCKS5Greeting([0, 2])];
  assertEquals(greetings, [bytes(5, 1, 0), bytes(5, 2, 0, 2)]);
  assertEquals(encodeSOCKS5MethodSelection(0xff), bytes(5, 0xff));
  assertEquals(encodeSOCKS5Credentials("user", "secret"), bytes(1, 4, "user", 6, "secret"));
  assertEquals(
    [encodeSOCKS5Authentication(true), encodeSOCKS5Authentication(false)],
    [bytes(1, 0), bytes(1, 1)],
  );
  assertEquals(
    encodeSOCKS5Request({ host: "example.org", port: 443 }),
    bytes(5, 1, 0, 3, 11, "example.org", 1, 187),
  );
  assertEquals(encodeSOCKS5Reply({ code: 7 }), bytes(5, 7, 0, 1, 0, 0, 0, 0, 0, 0));
  assertEquals(encodeSOCKS4Reply({ code: 91 }), bytes(0, 91, 0, 0, 0, 0, 0, 0));
  assertEquals(
    encodeSOCKS4Reply({ code: 90, host: "::1", port: 80 }),
    bytes(0, 90, 0, 80, 0, 0, 0, 0),
  );
  assertEquals(
    encodeSOCKS4Request({ host: "localhost", port: 34, userId: "fooBAZ" }),
    bytes(4, 1, 0, 34, 0, 0, 0, 1, "fooBAZ\0localhost\0"),
  );
});

for (
  const [what, encode, problem] of [
    ["an IPv6 address in SOCKS 4", () => encodeSOCKS4Request({ host: "::1", port: 1 }), "IPv6"],
    [
      "a zero byte in SOCKS 4",
      () => encodeSOCKS4Request({ host: "a\0b", port: 1 }),
      "zero byte",
    ],
    [
      "a long user id",
      () => encodeSOCKS4Request({ host: "a", port: 1, userId: "u".repeat(256) }),
      "0 to 255 bytes",
    ],
    ["an empty host", () => encodeSOCKS5Request({ host: "", port: 1 }), "1 to 255 bytes"],
    ["a long host", () => encodeSOCKS5Request({ host: "ü".repeat(128), port: 1 }), "1 to 255"],
    ["a port", () => encodeSOCKS5Request({ host: "a", port: 65536 }), "got 65536"],
    ["a command", () => encodeSOCKS5Request({ host: "a", port: 1, command: 256 }), "got 256"],
    ["a method", () => encodeSOCKS5Greeting([-1]), "got -1"],
    ["too many methods", () => encodeSOCKS5Greeting(Array(256).fill(0)), "got 256"],
    ["an empty user name", () => encodeSOCKS5Credentials("", "x"), "username"],
    ["an empty password", () => encodeSOCKS5Credentials("x", ""), "got one of 0"],
  ] as [string, () => Uint8Array, string][]
) {
  Deno.test(`the SOCKS functions refuse ${what}`, () => {
    assertThrows(encode, RangeError, problem);
  });
}

Deno.test("the SOCKS decoders refuse options that are out of range", () => {
  for (const maxLength of [-1, 1.5, NaN]) {
    assertThrows(() => new SOCKSRequestDecoder({ maxLength }), RangeError, "maxLength must be");
  }
  for (const replies of [0, 1.5, NaN, Infinity]) {
    const make = () => new SOCKSReplyDecoder({ version: 5, replies });
    assertThrows(make, RangeError, "replies must be an integer from 1 to 2");
  }
  // The types reject these options.
  const reply = (options: unknown) => () =>
    new SOCKSReplyDecoder(options as SOCKSReplyDecoderOptions);
  assertThrows(reply({ version: 6 }), RangeError, "version must be 4 or 5, got 6");
  assertThrows(reply({ version: "5" }), RangeError, 'version must be 4 or 5, got "5"');
  const request = { credentials: 1 } as unknown as SOCKSRequestDecoderOptions;
  assertThrows(() => new SOCKSRequestDecoder(request), TypeError, "credentials must be");
});

Deno.test("encodeSOCKS5Credentials() does not show the password in its error", () => {
  const error = assertThrows(() => encodeSOCKS5Credentials("x", "secret".repeat(50)), RangeError);
  assert(!error.message.includes("secret"), error.message);
});
