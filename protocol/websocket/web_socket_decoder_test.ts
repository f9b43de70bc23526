// The decoder and the encoder. autobahn_test.ts has the cases of the Autobahn test suite.

import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { byteCost } from "../../testing/fixtures/byte_cost.ts";
import {
  chunksAt,
  chunksOfSize,
  decodeChunks,
  decodeEverySplit,
} from "../../testing/fixtures/split_input.ts";
import { closePayload, frame, joined } from "../../testing/fixtures/websocket_frames.ts";
import { FrameTooLongError } from "../framing/framing_error.ts";
import { WebSocketDecoder, WebSocketEncoder, WebSocketError } from "./mod.ts";
import type { WebSocketMessage } from "./mod.ts";

const LIMITS = { maxMessageLength: 300, maxFrameLength: 200 };

function decodeAs(role: "server" | "client", ...frames: Uint8Array[]): unknown[] {
  return decodeEverySplit(() => new WebSocketDecoder({ role, ...LIMITS }), joined(frames));
}

const text = (data: string): WebSocketMessage => ({ type: "message", data });

Deno.test("WebSocketDecoder decodes the examples of RFC 6455, section 5.7", () => {
  const unmasked = { masked: false };
  const examples = joined([
    Uint8Array.of(0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f),
    Uint8Array.of(0x01, 0x03, 0x48, 0x65, 0x6c),
    Uint8Array.of(0x80, 0x02, 0x6c, 0x6f),
    Uint8Array.of(0x89, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f),
    Uint8Array.of(0x82, 0x7e, 0x01, 0x00),
    new Uint8Array(256),
    frame({ opcode: 2, payload: new Uint8Array(65536), ...unmasked }),
  ]);
  assertEquals(decodeChunks(new WebSocketDecoder({ role: "client" }), [examples]), [
    text("Hello"),
    text("Hello"),
    { type: "ping", data: new TextEncoder().encode("Hello") },
    { type: "message", data: new Uint8Array(256) },
    { type: "message", data: new Uint8Array(65536) },
  ]);
  const masked = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
  assertEquals(decodeAs("server", Uint8Array.from(masked)), [text("Hello")]);
});

Deno.test("WebSocketDecoder returns control frames between the fragments of a message", () => {
  assertEquals(
    decodeAs(
      "server",
      frame({ fin: false, payload: "a" }),
      frame({ opcode: 9, payload: "p" }),
      frame({ opcode: 0, fin: false }),
      frame({ opcode: 10 }),
      frame({ opcode: 0, payload: "b" }),
      frame({ opcode: 8 }),
    ),
    [
      { type: "ping", data: Uint8Array.of(0x70) },
      { type: "pong", data: new Uint8Array(0) },
      text("ab"),
      { type: "close", code: 1005, reason: "" },
    ],
  );
});

Deno.test("WebSocketDecoder refuses violations with a reason", () => {
  const refused = (bytes: Uint8Array, role: "server" | "client" = "server"): string =>
    String(decodeAs(role, bytes).at(-1));
  const cases: [Uint8Array, string][] = [
    [frame({ masked: false }), "a client did not mask it"],
    [frame({ rsv: 4 }), "the reserved bits are 100, and no extension defines them"],
    [frame({ opcode: 3 }), "the opcode 3 is reserved"],
    [frame({ opcode: 11 }), "the opcode 11 is reserved"],
    [frame({ opcode: 9, fin: false }), "a control frame is fragmented"],
    [frame({ opcode: 9, payload: "x".repeat(126) }), "a control frame has more than 125 bytes"],
    [frame({ opcode: 0 }), "it continues a message, but no message has begun"],
    [
      joined([frame({ fin: false }), frame()]),
      "it begins a message before the one before has ended",
    ],
    [frame({ lengthBytes: 2, payload: "x" }), "the length 1 is not in its shortest form"],
    [frame({ lengthBytes: 8, payload: "x" }), "the length 1 is not in its shortest form"],
    [
      Uint8Array.of(0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0),
      "the first bit of a length of 64 bits is set",
    ],
    [frame({ opcode: 8, payload: "x" }), "a Close frame has only one byte"],
    [frame({ opcode: 8, payload: closePayload(1005) }), "a Close frame has the code 1005"],
    [frame({ payload: "\xff" }), "its text is not UTF-8"],
    [frame({ opcode: 8, payload: closePayload(1000, Uint8Array.of(0xff)) }), "is not UTF-8"],
  ];
  for (const [bytes, reason] of cases) {
    const error = refused(bytes);
    assert(error.startsWith("WebSocketError: Cannot receive a WebSocket frame: "), error);
    assert(error.includes(reason), `${error} does not include ${reason}`);
  }
  assert(refused(frame(), "client").includes("a server masked it"));
});

Deno.test("WebSocketDecoder limits a frame and a message, before their bytes arrive", () => {
  assertEquals(decodeAs("server", frame({ opcode: 2, payload: "x".repeat(201) })), [
    "FrameTooLongError: Cannot receive a WebSocket frame of 201 bytes or more: the limit is 200 " +
    "(at byte 0 of the input)",
  ]);
  const part = { payload: "x".repeat(150), fin: false };
  const frames = [frame(part), frame({ ...part, opcode: 0 }), frame({ opcode: 0, payload: "x" })];
  assertEquals(decodeAs("server", ...frames), [
    "FrameTooLongError: Cannot receive a WebSocket message of 301 bytes or more: the limit is " +
    "300 (at byte 316 of the input)",
  ]);
  const decoder = new WebSocketDecoder();
  decoder.push(Uint8Array.of(0x82, 0xff, 0, 0, 0x10, 0, 0, 0, 0, 0));
  decoder.push(new Uint8Array(4));
  assertThrows(() => decoder.next(), FrameTooLongError);
});

Deno.test("WebSocketDecoder refuses text with its first invalid byte", () => {
  const decoder = new WebSocketDecoder();
  const bytes = frame({ payload: `${"a".repeat(9)}\xf4\x90${"a".repeat(9)}` });
  decoder.push(bytes.slice(0, 6 + 10));
  assertEquals(decoder.next(), null);
  decoder.push(bytes.slice(6 + 10, 6 + 11));
  const { closeCode } = assertThrows(() => decoder.next(), WebSocketError);
  assertEquals(closeCode, 1007);
});

Deno.test("WebSocketDecoder refuses a fragmented text that ends within a character", () => {
  const error = decodeAs(
    "server",
    frame({ fin: false, payload: "a" }),
    frame({ opcode: 0, payload: "\xc3" }),
  );
  assertEquals(error, [
    "WebSocketError: Cannot receive a WebSocket frame: its text is not UTF-8 (at byte 7 of the input)",
  ]);
});

Deno.test("WebSocketDecoder.takeRest() drops an incomplete message and its error", () => {
  const decoder = new WebSocketDecoder();
  decoder.push(joined([frame({ fin: false, payload: "ab" }), frame({ opcode: 3 })]));
  assertThrows(() => decoder.next(), WebSocketError);
  assertEquals(decoder.takeRest().length, 6);
  decoder.push(frame({ payload: "c" }));
  assertEquals(decoder.next(), text("c"));
});

Deno.test("WebSocketDecoder.finish() reports a message without its last fragment", () => {
  assertEquals(decodeAs("server", frame({ fin: false, payload: "ab" })), [
    "IncompleteFrameError: Cannot complete a WebSocket message: the input ends after 2 of its bytes " +
    "(at byte 8 of the input)",
  ]);
});

Deno.test("WebSocketDecoder keeps a byte order mark", () => {
  assertEquals(decodeAs("server", frame({ payload: "\xef\xbb\xbfa" })), [text("\ufeffa")]);
  const long = `\ufeff${"b".repeat(50)}`;
  assertEquals(decodeAs("server", frame({ payload: new TextEncoder().encode(long) })), [
    text(long),
  ]);
});

Deno.test("WebSocketDecoder has a linear cost for bytes that arrive one by one", () => {
  const size = 20_000;
  const bytes = frame({ payload: "x".repeat(size) });
  const { copied, decoded } = byteCost(() => {
    const decoder = new WebSocketDecoder();
    for (const chunk of chunksOfSize(bytes, 1)) {
      decoder.push(chunk);
      decoder.next();
    }
  });
  // Each byte is copied as it arrives, as memory grows, and to be unmasked. It is decoded twice:
  // when it arrives, and with its message.
  assert(copied < 6 * size, `${copied}`);
  assert(decoded <= 2 * size, `${decoded}`);
});

Deno.test("WebSocketDecoder unmasks a large message in place only if it owns its chunk", () => {
  for (const before of [0, 1, 2, 3]) {
    const payload = Uint8Array.from({ length: 5000 + before }, (_, i) => i * 7);
    const sent = joined([new Uint8Array(before), frame({ opcode: 2, payload })]);
    for (const ownsChunks of [false, true]) {
      const chunk = sent.slice();
      const decoder = new WebSocketDecoder({ ownsChunks });
      decoder.push(chunk.subarray(before));
      const message = decoder.next();
      assert(message?.type === "message" && message.data instanceof Uint8Array);
      assertEquals(message.data, payload);
      assertEquals(message.data.buffer === chunk.buffer, ownsChunks);
      if (!ownsChunks) assertEquals(chunk, sent);
    }
  }
});

Deno.test("WebSocketDecoder copies a message out of a chunk that is much larger", () => {
  const payload = new Uint8Array(2000).fill(7);
  const chunk = joined([frame({ opcode: 2, payload }), new Uint8Array(10_000)]);
  const decoder = new WebSocketDecoder({ ownsChunks: true });
  decoder.push(chunk);
  const message = decoder.next();
  assert(message?.type === "message" && message.data instanceof Uint8Array);
  assertEquals(message.data, payload);
  assert(message.data.buffer !== chunk.buffer);
});

Deno.test("WebSocketDecoder accepts U+FFFD in a text, and refuses what would become it", () => {
  const long = `${"a".repeat(50)}\ufffd`;
  assertEquals(decodeAs("server", frame({ payload: new TextEncoder().encode(long) })), [
    text(long),
  ]);
  const invalid = frame({ payload: joined([new Uint8Array(50).fill(97), Uint8Array.of(0xff)]) });
  const decoder = new WebSocketDecoder();
  decoder.push(invalid);
  assertThrows(() => decoder.next(), WebSocketError, "its text is not UTF-8");
});

Deno.test("WebSocketEncoder encodes texts of any length and alphabet for both sides", () => {
  for (const length of [47, 49, 1359, 1361, 4079, 4080, 4081, 70_000]) {
    for (const letter of ["a", "é", "漢"]) {
      const sent = letter.repeat(length);
      for (const role of ["server", "client"] as const) {
        const frame = new WebSocketEncoder({ role }).encode(sent);
        const peer = role === "server" ? "client" : "server";
        assertEquals(decodeChunks(new WebSocketDecoder({ role: peer }), [frame]), [text(sent)]);
      }
    }
  }
});

/** A message of any type, and the number of fragments in which it is sent. */
const anyMessage = fc.oneof(
  fc.record({ data: fc.string({ unit: "binary", maxLength: 80 }), parts: fc.nat(3) }),
  fc.record({ data: fc.uint8Array({ maxLength: 200 }), parts: fc.nat(3) }),
);

Deno.test("WebSocketDecoder decodes what WebSocketEncoder encodes, however it is split", () => {
  fc.assert(fc.property(
    fc.array(anyMessage, { maxLength: 6 }),
    fc.constantFrom("server", "client"),
    fc.array(fc.nat()),
    (messages, role, positions) => {
      const encoder = new WebSocketEncoder({ role: role === "server" ? "client" : "server" });
      const written: Uint8Array[] = [];
      const sink = { write: (chunk: Uint8Array | string) => written.push(chunk.slice() as never) };
      for (const { data, parts } of messages) {
        if (parts === 0) encoder.send(sink, data);
        for (let i = 0; i < parts; i++) {
          const from = Math.floor(data.length * i / parts);
          const part = new TextEncoder().encode(String(data.slice(from)));
          encoder.ping(sink, "ping", part.slice(0, 9));
        }
        if (parts > 0) {
          encoder.fragment(sink, data.slice(0, 0), "first");
          encoder.fragment(sink, data, "middle");
          encoder.fragment(sink, data.slice(0, 0), "last");
        }
      }
      const bytes = joined(written);
      const decoder = new WebSocketDecoder({ role });
      const decoded = decodeChunks(decoder, chunksAt(bytes, positions)) as WebSocketMessage[];
      assertEquals(
        decoded.filter(({ type }) => type === "message"),
        messages.map(({ data }) => ({
          type: "message" as const,
          data: typeof data === "string" ? data.toWellFormed() : data,
        })),
      );
    },
  ));
});

Deno.test("WebSocketDecoder gives the same messages for any split of any bytes", () => {
  fc.assert(fc.property(
    fc.array(fc.oneof(
      fc.record({
        opcode: fc.constantFrom(0, 1, 2, 8, 9, 10, 3),
        payload: fc.oneof(fc.uint8Array({ maxLength: 250 }), fc.string({ maxLength: 40 })),
        fin: fc.boolean(),
      }).map(frame),
      fc.uint8Array({ maxLength: 3 }),
    )),
    fc.array(fc.nat()),
    (frames, positions) => {
      const bytes = joined(frames);
      const outcome = (chunks: Uint8Array[]): unknown[] =>
        decodeChunks(new WebSocketDecoder(LIMITS), chunks);
      assertEquals(outcome(chunksAt(bytes, positions)), outcome([bytes]));
    },
  ));
});

Deno.test("WebSocketEncoder masks with keys of its source, and never repeats one", () => {
  let next = 1;
  const getRandomValues = (bytes: Uint8Array<ArrayBuffer>): void => {
    new Uint32Array(bytes.buffer).forEach((_, i, words) => words[i] = next++);
  };
  const encoder = new WebSocketEncoder({ role: "client", getRandomValues });
  const keys = Array.from({ length: 600 }, () => [...encoder.encode("x").slice(2, 6)].join());
  assertEquals(new Set(keys).size, 600);
});

Deno.test("WebSocketEncoder uses the shortest form of each length", () => {
  for (const length of [0, 125, 126, 4000, 4079, 4080, 4096, 65535, 65536]) {
    for (const data of ["x".repeat(length), new Uint8Array(length)]) {
      const encoded = new WebSocketEncoder().encode(data);
      const opcode = typeof data === "string" ? 1 : 2;
      assertEquals(encoded, frame({ opcode, payload: data, masked: false }), `${length}`);
      const masked = new WebSocketEncoder({ role: "client" }).encode(data);
      assertEquals(decodeChunks(new WebSocketDecoder(), [masked]), [{ type: "message", data }]);
    }
  }
});

Deno.test("WebSocketEncoder refuses data, codes and reasons that cannot be sent", () => {
  const encoder = new WebSocketEncoder();
  const sink = { write: (): void => {} };
  // Untyped callers may pass anything.
  assertThrows(
    () => encoder.encode([1] as never),
    TypeError,
    "Cannot send an object of class Array over a WebSocket: it must be a string or a Uint8Array",
  );
  assertThrows(() => encoder.ping(sink, "ping", "x".repeat(126)), RangeError, "from 0 to 125");
  for (const code of [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 1.5, NaN]) {
    assertThrows(() => encoder.close(sink, code), RangeError, `with the code ${code}`);
  }
  assertThrows(
    () => encoder.close(sink, 1000, "é".repeat(62)),
    RangeError,
    "a reason of 124 bytes: the limit is 123",
  );
});

Deno.test("WebSocketDecoder never writes again to the memory of a binary message", () => {
  const decoder = new WebSocketDecoder();
  const messages: WebSocketMessage[] = [];
  for (let i = 0; i < 2000; i++) {
    decoder.push(frame({ opcode: 2, payload: new Uint8Array(i % 40).fill(i) }));
    const message = decoder.next();
    if (message !== null) messages.push(message);
  }
  const expected = messages.map((_, i) => ({
    type: "message" as const,
    data: new Uint8Array(i % 40).fill(i),
  }));
  assertEquals(messages, expected);
});
