import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { connectedServerAndClient, TestPeer } from "../../testing/mod.ts";
import { closePayload, frame, type FrameParts } from "../../testing/fixtures/websocket_frames.ts";
import { FrameTooLongError } from "../framing/framing_error.ts";
import { acceptsAnswer, answerTo, COMPRESSION } from "./compression_offer.ts";
import { HandshakeRefusal } from "./handshake_refusal.ts";
import { deflateMessage } from "./message_deflate.ts";
import {
  type WebSocketData,
  WebSocketDecoder,
  WebSocketEncoder,
  WebSocketError,
  WebSocketFactory,
  WebSocketProtocol,
} from "./mod.ts";

/** Decodes frames of a server, with a push for each piece of a size. */
function decode(
  frames: readonly number[],
  size = frames.length,
  maxMessageLength = 1000,
): unknown[] {
  const decoder = new WebSocketDecoder({ role: "client", compression: true, maxMessageLength });
  const messages: unknown[] = [];
  for (let at = 0; at < frames.length; at += size) {
    decoder.push(Uint8Array.from(frames.slice(at, at + size)));
    for (let next = decoder.next(); next !== null; next = decoder.next()) messages.push(next);
  }
  decoder.finish();
  return messages;
}

/** Returns the frame of a compressed message. */
function compressed(first: number, payload: Uint8Array): number[] {
  const { length } = payload;
  const header = length < 126 ? [length] : [126, length >> 8, length & 0xff];
  return [first, ...header, ...payload];
}

const HELLO = { type: "message", data: "Hello" };
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

class Echo extends WebSocketProtocol {
  override messageReceived(data: WebSocketData): void {
    this.send(data);
  }
}

Deno.test("WebSocketDecoder inflates the examples of RFC 7692, section 7.2.3", () => {
  const examples = [
    [0xc1, 0x07, 0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00],
    [0x41, 0x03, 0xf2, 0x48, 0xcd, 0x80, 0x04, 0xc9, 0xc9, 0x07, 0x00],
    [0xc1, 0x0b, 0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00],
    [0xc1, 0x08, 0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00],
    [0xc1, 0x0d, 0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00],
  ];
  for (const example of examples) {
    for (const size of [1, 3, example.length]) assertEquals(decode(example, size), [HELLO]);
  }
});

Deno.test("WebSocketDecoder reads compressed and other messages, and Pings between fragments", () => {
  const frames = [
    ...[0x41, 0x03, 0xf2, 0x48, 0xcd, 0x89, 0x01, 0x21, 0x80, 0x04, 0xc9, 0xc9, 0x07, 0x00],
    ...[0x01, 0x02, 0x48, 0x65, 0x80, 0x03, 0x6c, 0x6c, 0x6f],
    ...compressed(0xc2, deflateMessage(Uint8Array.of(1, 2))),
    ...compressed(0xc1, deflateMessage(bytesOf("é😀"))),
  ];
  const messages = [
    { type: "ping", data: Uint8Array.of(0x21) },
    HELLO,
    HELLO,
    { type: "message", data: Uint8Array.of(1, 2) },
    { type: "message", data: "é😀" },
  ];
  for (const size of [1, 2, 5, frames.length]) assertEquals(decode(frames, size), messages);
});

Deno.test("WebSocketDecoder limits the inflated size of a message", () => {
  const atLimit = compressed(0xc2, deflateMessage(new Uint8Array(1000)));
  assertEquals(decode(atLimit).length, 1);
  const beyond = compressed(0xc2, deflateMessage(new Uint8Array(1001)));
  assertThrows(() => decode(beyond), FrameTooLongError);
  const bomb = deflateMessage(new Uint8Array(50_000_000));
  assert(bomb.length < 60_000);
  assertThrows(() => decode(compressed(0xc2, bomb), 7000, 60_000), FrameTooLongError);
  assertEquals(decode(compressed(0xc1, deflateMessage(new Uint8Array(0))), 1, 1), [
    { type: "message", data: "" },
  ]);
});

Deno.test("WebSocketDecoder refuses compressed frames that are not valid", () => {
  const invalid: [frames: number[], closeCode: number][] = [
    [compressed(0xc1, Uint8Array.of(0xff, 0xff)), 1007],
    [compressed(0xc1, deflateMessage(Uint8Array.of(0xc3))), 1007],
    [[0x41, 0x03, 0xf2, 0x48, 0xcd, 0xc0, 0x04, 0xc9, 0xc9, 0x07, 0x00], 1002],
    [[0xc9, 0x00], 1002],
    [[0xe1, 0x00], 1002],
    [[0xa1, 0x00], 1002],
  ];
  for (const [frames, closeCode] of invalid) {
    assertEquals(assertThrows(() => decode(frames), WebSocketError).closeCode, closeCode);
  }
  const plain = new WebSocketDecoder({ role: "client" });
  plain.push(Uint8Array.of(0xc1, 0x01, 0x00));
  assertThrows(() => plain.next(), WebSocketError, "the reserved bits are 100");
});

Deno.test("WebSocketProtocol closes with the code of the rule that a compressed frame breaks", () => {
  const text = deflateMessage(bytesOf("Hello"));
  const cut = { rsv: 4, payload: text.slice(0, 5) };
  const first = { rsv: 4, payload: text.slice(0, 3), fin: false };
  const cases: [frames: FrameParts[], closeCode: number, answers: unknown[]][] = [
    [[cut], 1007, []],
    [[{ rsv: 4, payload: text }, cut], 1007, ["Hello"]],
    [[{ rsv: 4 }], 1007, []],
    [[first, { opcode: 0 }], 1007, []],
    [[first, { opcode: 9, payload: "p" }, { opcode: 0, payload: "\xff\xff" }], 1007, ["p"]],
    [[first, { opcode: 0, rsv: 4, payload: text.slice(3) }], 1002, []],
    [[first, { opcode: 9, rsv: 4 }], 1002, []],
    [[first, { opcode: 8, rsv: 4 }], 1002, []],
    [[{ rsv: 6, payload: text }], 1002, []],
    [[{ rsv: 5, payload: text }], 1002, []],
    [[{ rsv: 4, payload: deflateMessage(new Uint8Array(1001)), opcode: 2 }], 1009, []],
    [[{ rsv: 4, payload: new Uint8Array(1001) }], 1009, []],
    // A Close frame ends the connection in the middle of a message, which is dropped.
    [[first, { opcode: 8, payload: closePayload(1001) }], 1001, []],
    [[first, { opcode: 0, payload: text.slice(3) }, { opcode: 8 }], 1005, ["Hello"]],
  ];
  for (const [frames, closeCode, answers] of cases) {
    const echo = new Echo({ maxMessageLength: 1000 });
    echo.handshakeDone({ role: "server", compression: true });
    using pair = connectedServerAndClient(echo, TestPeer);
    for (const parts of frames) pair.client.transport.write(frame(parts));
    pair.pump.flush();
    const decoder = new WebSocketDecoder({ role: "client" });
    decoder.push(pair.client.data);
    const received: unknown[] = [];
    for (let next = decoder.next(); next !== null; next = decoder.next()) {
      if (next.type === "close") received.push(next.code);
      else received.push(typeof next.data === "string" ? next.data : textOf(next.data));
    }
    assertEquals(received, [...answers, closeCode]);
    assertEquals(pair.client.ending, "closed");
  }
});

Deno.test("WebSocketDecoder inflates alike whatever the split of its input", () => {
  const deflated = deflateMessage(bytesOf("é😀".repeat(9)));
  const tokens = [
    compressed(0xc1, deflated),
    compressed(0x41, deflated.slice(0, 7)),
    compressed(0x80, deflated.slice(7)),
    compressed(0x00, deflated.slice(7, 9)),
    compressed(0xc2, deflateMessage(new Uint8Array(1100))),
    compressed(0x81, bytesOf("é")),
    [0x01, 0x01, 0xc3],
    [0x80, 0x01, 0xa9],
    [0x89, 0x00],
    [0xc1, 0x03, 1, 2, 3],
    [0x40],
  ];
  const input = fc.array(fc.constantFrom(...tokens), { maxLength: 8 }).map((all) => all.flat());
  const outcomeOf = (frames: readonly number[], size: number): unknown => {
    try {
      return decode(frames, size);
    } catch (error) {
      return error instanceof Error ? error.message : error;
    }
  };
  fc.assert(
    fc.property(input, fc.integer({ min: 1, max: 40 }), (frames, size) => {
      assertEquals(outcomeOf(frames, size), outcomeOf(frames, Math.max(1, frames.length)));
    }),
    { numRuns: 2000, seed: 20_260_101 },
  );
});

Deno.test("WebSocketEncoder compresses long messages that become shorter", () => {
  const encoder = new WebSocketEncoder({ compression: true });
  assertEquals(encoder.encode("x".repeat(511))[0], 0x81);
  assertEquals(encoder.encode("x".repeat(512))[0], 0xc1);
  assertEquals(encoder.encode(new Uint8Array(600))[0], 0xc2);
  assertEquals(encoder.encode(crypto.getRandomValues(new Uint8Array(600)))[0], 0x82);
  assertThrows(() => encoder.encode(3 as never), TypeError, "must be a string or a Uint8Array");
});

Deno.test("WebSocketFactory accepts offers of permessage-deflate that it can meet", () => {
  const name = "permessage-deflate";
  for (
    const offer of [
      name,
      COMPRESSION,
      `${name}; client_max_window_bits`,
      `${name}; client_max_window_bits="10"; server_max_window_bits=15`,
      `x-other; a=b, PerMessage-Deflate;Server_No_Context_Takeover`,
      `${name}; server_max_window_bits=10, ${name}`,
      `, ${name}; server_max_window_bits = "15",,`,
      // Chromium, Firefox, and `ws` with the option `serverMaxWindowBits` and another offer.
      "permessage-deflate; client_max_window_bits",
      "permessage-deflate",
      `${name}; server_max_window_bits=15; client_max_window_bits`,
      "permessage-deflate; unknown, permessage-deflate",
    ]
  ) assert(answerTo(offer) !== null, offer);
  assertEquals(answerTo(`${name}; client_max_window_bits`), COMPRESSION);
  const withWindow = `${COMPRESSION}; server_max_window_bits=15`;
  assertEquals(answerTo(`${name}; server_max_window_bits="15"`), withWindow);
  assert(acceptsAnswer(withWindow));
  for (
    const offer of [
      null,
      "",
      "x-webkit-deflate-frame",
      `${name}; server_max_window_bits=10`,
      `${name}; server_max_window_bits`,
      `${name}; client_max_window_bits=16`,
      `${name}; server_no_context_takeover=1`,
      `${name}; server_no_context_takeover; server_no_context_takeover`,
      `${name}; client_max_window_bits; Client_Max_Window_Bits=10`,
      `${name}; client_max_window_bits=7`,
      `${name}; client_max_window_bits=010`,
      `${name}; server_max_window_bits=10; client_max_window_bits`,
      `${name}; unknown`,
      `x-${name}`,
    ]
  ) assertEquals(answerTo(offer), null, `${offer}`);
});

Deno.test("WebSocketFactory refuses a Sec-WebSocket-Extensions that breaks its syntax", () => {
  const name = "permessage-deflate";
  for (
    const field of [
      `${name};`,
      `${name} client_max_window_bits`,
      `${name}; client_max_window_bits=`,
      `${name}; client_max_window_bits=""`,
      `${name}; client_max_window_bits="10`,
      `${name}; client_max_window_bits=10=10`,
      `${name}; =10`,
      `; ${name}`,
      `"${name}"`,
      `x-other; a="b, ${name}, c"`,
      `${name}, x/y`,
      `${name}; \u00e9`,
    ]
  ) {
    const { status } = assertThrows(() => answerTo(field), HandshakeRefusal, "is not valid");
    assertEquals(status, 400);
    assert(!acceptsAnswer(field));
  }
});

Deno.test("WebSocketClientEndpoint accepts only answers that fit its offer", () => {
  const name = "permessage-deflate; server_no_context_takeover";
  for (
    const answer of [
      name,
      COMPRESSION,
      `${name}; server_max_window_bits=9`,
      `${name}; server_max_window_bits="15"; client_no_context_takeover`,
    ]
  ) assert(acceptsAnswer(answer), answer);
  for (
    const answer of [
      "",
      "permessage-deflate",
      `${name}; client_max_window_bits=10`,
      `${name}; server_max_window_bits=16`,
      `${name}; server_max_window_bits`,
      `${name}; unknown`,
      `${name}; server_no_context_takeover`,
      `${name}; client_max_window_bits`,
      `${name}=1`,
      `${name}, ${name}`,
      `${name}, x-other`,
      `x-other`,
    ]
  ) assert(!acceptsAnswer(answer), answer);
});

Deno.test("WebSocketFactory negotiates compression only if both sides want it", async () => {
  for (
    const [offer, compression, expected] of [
      [COMPRESSION, true, true],
      [COMPRESSION, false, false],
      [null, true, false],
    ] as const
  ) {
    const echo = new Echo();
    const factory = new WebSocketFactory(() => echo, { compression });
    using pair = connectedServerAndClient(factory, TestPeer);
    const extensions = offer === null ? "" : `Sec-WebSocket-Extensions: ${offer}\r\n`;
    pair.client.send(
      "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n` +
        `${extensions}\r\n`,
    );
    await pair.pump.pumpUntilIdle();
    const answer = pair.client.take();
    assertEquals(answer.includes(`Sec-WebSocket-Extensions: ${COMPRESSION}\r\n`), expected);
    assertEquals(echo.compression, expected);
    pair.client.transport.write(frame({ payload: "x".repeat(600) }));
    await pair.pump.pumpUntilIdle();
    assertEquals(pair.client.data.length < 100, expected);
  }
});
