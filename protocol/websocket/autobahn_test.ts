/**
 * The cases of the Autobahn test suite (crossbario/autobahn-testsuite, `autobahntestsuite/case/`),
 * sections 1 to 7 and 10, rebuilt for the protocol without its program, which needs Python 2.
 * Section 9 (sizes up to 16 MiB) is left out, and 12 and 13 (compression) have a file of their own.
 * Each case is sent at once and byte by byte.
 *
 * The peer under test is a server that echoes messages, as the suite requires.
 */

import { assertEquals } from "@std/assert";
import { connectProtocol } from "../../testing/fixtures/protocol_fixture.ts";
import { chunksOfSize } from "../../testing/fixtures/split_input.ts";
import {
  closePayload,
  frame,
  type FrameParts,
  joined,
} from "../../testing/fixtures/websocket_frames.ts";
import { WebSocketDecoder, type WebSocketMessage, WebSocketProtocol } from "./mod.ts";

class Echo extends WebSocketProtocol {
  override messageReceived(data: string | Uint8Array): void {
    this.send(data);
  }
}

/** The close code for a violation of the protocol, and for invalid text. */
const FAILED = 1002;
const INVALID = 1007;

/** What the server sends: data of messages, `pong:…`, and the code of its Close frame. */
type Answer = string | Uint8Array | number;

/** Sends frames to an echo server, in chunks of a size, and returns its answers. */
function answers(frames: readonly FrameParts[], size: number): Answer[] {
  using fixture = connectProtocol(new Echo());
  const { peer } = fixture;
  for (const chunk of chunksOfSize(joined(frames.map(frame)), size)) {
    peer.transport.write(chunk);
    fixture.flush();
  }
  const decoder = new WebSocketDecoder({ role: "client" });
  decoder.push(peer.data);
  const result: Answer[] = [];
  for (let message = decoder.next(); message !== null; message = decoder.next()) {
    result.push(answerOf(message));
  }
  return result;
}

function answerOf(message: WebSocketMessage): Answer {
  if (message.type === "close") return message.code;
  if (message.type === "message") return message.data;
  return `${message.type}:${new TextDecoder("latin1").decode(message.data)}`;
}

/** Defines the test of a case: its frames, and the answers in order. */
function autobahn(id: string, frames: readonly FrameParts[], expected: readonly Answer[]): void {
  Deno.test(`WebSocketProtocol passes case ${id} of Autobahn`, () => {
    for (const size of [Infinity, 1]) {
      const total = joined(frames.map(frame)).length;
      if (size === 1 && total > 10_000) continue;
      assertEquals(answers(frames, Math.min(size, total)), expected, `chunks of ${size}`);
    }
  });
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (payload: string | Uint8Array, more: FrameParts = {}): FrameParts => ({
  payload: typeof payload === "string" ? utf8(payload) : payload,
  ...more,
});
const next = (payload: string | Uint8Array, fin: boolean): FrameParts =>
  text(payload, { opcode: 0, fin });
const ping = (payload: string | Uint8Array = ""): FrameParts => ({ opcode: 9, payload });
const pong = (payload = ""): FrameParts => ({ opcode: 10, payload });
const close = (payload: Uint8Array | string = closePayload(1000)): FrameParts => ({
  opcode: 8,
  payload,
});
const HELLO = "Hello, world!";

// 1: framing.
for (const [i, length] of [0, 125, 126, 127, 128, 65535, 65536].entries()) {
  const data = "*".repeat(length);
  autobahn(`1.1.${i + 1}`, [text(data), close()], [data, 1000]);
  const bytes = new Uint8Array(length).fill(0xfe);
  autobahn(`1.2.${i + 1}`, [{ opcode: 2, payload: bytes }, close()], [bytes, 1000]);
}

// 2: pings and pongs.
autobahn("2.1", [ping(), close()], ["pong:", 1000]);
autobahn("2.2", [ping(HELLO), close()], [`pong:${HELLO}`, 1000]);
autobahn("2.3", [ping("\x00\xff\xfe\xfd\xfc\xfb\x00\xff"), close()], [
  "pong:\x00\xff\xfe\xfd\xfc\xfb\x00\xff",
  1000,
]);
autobahn("2.4", [ping("\xfe".repeat(125)), close()], [`pong:${"\xfe".repeat(125)}`, 1000]);
autobahn("2.5", [ping("\xfe".repeat(126))], [FAILED]);
autobahn("2.6", [ping("\xfe".repeat(125)), close()], [`pong:${"\xfe".repeat(125)}`, 1000]);
autobahn("2.7", [pong(), close()], [1000]);
autobahn("2.8", [pong("unsolicited pong payload"), close()], [1000]);
autobahn("2.9", [pong("unsolicited pong payload"), ping("p"), close()], ["pong:p", 1000]);
const ten = Array.from({ length: 10 }, (_, i) => `payload-${i}`);
autobahn("2.10", [...ten.map(ping), close()], [...ten.map((data) => `pong:${data}`), 1000]);
autobahn("2.11", [...ten.map(ping), close()], [...ten.map((data) => `pong:${data}`), 1000]);

// 3: reserved bits.
autobahn("3.1", [text(HELLO, { rsv: 1 })], [FAILED]);
autobahn("3.2", [text(HELLO), text(HELLO, { rsv: 2 }), ping()], [HELLO, FAILED]);
autobahn("3.3", [text(HELLO), text(HELLO, { rsv: 3 }), ping()], [HELLO, FAILED]);
autobahn("3.4", [text(HELLO), text(HELLO, { rsv: 4 }), ping()], [HELLO, FAILED]);
autobahn("3.5", [{ opcode: 2, payload: "\0\xff", rsv: 5 }], [FAILED]);
autobahn("3.6", [{ ...ping(HELLO), rsv: 6 }], [FAILED]);
autobahn("3.7", [{ ...close(), rsv: 7 }], [FAILED]);

// 4: reserved opcodes.
for (const [section, first] of [["1", 3], ["2", 11]] as const) {
  autobahn(`4.${section}.1`, [{ opcode: first }], [FAILED]);
  autobahn(`4.${section}.2`, [{ opcode: first + 1, payload: "reserved" }], [FAILED]);
  for (const i of [2, 3, 4]) {
    const frames = [text(HELLO), { opcode: first + i, payload: i === 2 ? "" : HELLO }, ping()];
    autobahn(`4.${section}.${i + 1}`, frames, [HELLO, FAILED]);
  }
}

// 5: fragmentation.
autobahn("5.1", [{ ...ping("fragment1"), fin: false }, next("fragment2", true)], [FAILED]);
autobahn("5.2", [{ ...pong("fragment1"), fin: false }, next("fragment2", true)], [FAILED]);
const one = text("fragment1", { fin: false });
const two = next("fragment2", true);
const both = "fragment1fragment2";
for (const id of ["5.3", "5.4", "5.5"]) autobahn(id, [one, two, close()], [both, 1000]);
for (const id of ["5.6", "5.7", "5.8"]) {
  autobahn(id, [one, ping("ping"), two, close()], ["pong:ping", both, 1000]);
}
for (const id of ["5.9", "5.10", "5.11", "5.12", "5.13", "5.14"]) {
  const fin = ["5.9", "5.10", "5.11"].includes(id);
  autobahn(id, [next("non-continuation payload", fin), text(HELLO)], [FAILED]);
}
autobahn("5.15", [one, two, next("fragment3", false), text("fragment4")], [both, FAILED]);
for (const id of ["5.16", "5.17"]) {
  autobahn(id, [next("fragment1", id === "5.17"), text("fragment2", { fin: false })], [FAILED]);
}
autobahn("5.18", [one, text("fragment2")], [FAILED]);
for (const id of ["5.19", "5.20"]) {
  const frames = [
    one,
    next("fragment2", false),
    ping("pongme 1!"),
    next("fragment3", false),
    next("fragment4", false),
    ping("pongme 2!"),
    next("fragment5", true),
    close(),
  ];
  const all = "fragment1fragment2fragment3fragment4fragment5";
  autobahn(id, frames, ["pong:pongme 1!", "pong:pongme 2!", all, 1000]);
}

// 6: UTF-8.
autobahn("6.1.1", [text(""), close()], ["", 1000]);
autobahn("6.1.2", [text("", { fin: false }), next("", false), next("", true), close()], ["", 1000]);
const middle = [text("", { fin: false }), next("middle", false), next("", true), close()];
autobahn("6.1.3", middle, ["middle", 1000]);
const valid = "Hello-µ@ßöäüàá-UTF-8!!";
const validBytes = utf8(valid);
autobahn("6.2.1", [text(valid), close()], [valid, 1000]);
autobahn("6.2.2", [
  text(validBytes.slice(0, 12), { fin: false }),
  next(validBytes.slice(12), true),
  close(),
], [valid, 1000]);
const byByte = (bytes: Uint8Array): FrameParts[] =>
  [...bytes].map((byte, i) => ({
    opcode: i === 0 ? 1 : 0,
    fin: i === bytes.length - 1,
    payload: Uint8Array.of(byte),
  }));
autobahn("6.2.3", [...byByte(validBytes), close()], [valid, 1000]);
// The accented letter is U+1F79, of three bytes.
const kosme = "κ\u1f79σμε";
autobahn("6.2.4", [...byByte(utf8(kosme)), close()], [kosme, 1000]);
const surrogate = joined([utf8(kosme), Uint8Array.of(0xed, 0xa0, 0x80), utf8("edited")]);
autobahn("6.3.1", [text(surrogate)], [INVALID]);
autobahn("6.3.2", byByte(surrogate), [INVALID]);
const beyond = joined([utf8(kosme), Uint8Array.of(0xf4, 0x90, 0x80, 0x80), utf8("edited")]);
for (const [i, at] of [[1, 12], [2, 11], [3, 12], [4, 11]] as const) {
  const frames = i < 3
    ? [text(beyond.slice(0, at), { fin: false }), next(beyond.slice(at), true)]
    : [text(beyond)];
  autobahn(`6.4.${i}`, frames, [INVALID]);
}

/** The valid and invalid sequences of Markus Kuhn's "UTF-8 decoder capability and stress test". */
const VALID: Record<string, readonly string[]> = {
  "6.5": ["Hello-µ@ßöäüàá-UTF-8!!", "Hello-µ@ßöäüàá-UTF-8!!", "Hello", "Hello-µ", kosme],
  "6.7": ["\0", "\x80", "\u0800", "\u{10000}"],
  "6.9": ["\x7f", "\u07ff", "\uffff", "\u{10ffff}"],
  "6.11": ["\ud7ff", "\ue000", "\ufffd", "\u{10ffff}"],
  "6.22": [
    ..."\ufffe \uffff \u{1fffe} \u{1ffff} \u{2fffe} \u{2ffff} \u{fffff} \u{10ffff}".split(" "),
  ],
  "6.23": "\ufff9 \ufffa \ufffb \ufffc \ufffd \ufffe \uffff".split(" "),
};
for (const [section, texts] of Object.entries(VALID)) {
  for (const [i, data] of texts.entries()) {
    autobahn(`${section}.${i + 1}`, [text(data), close()], [data, 1000]);
  }
}
const INVALID_SEQUENCES: Record<string, readonly string[]> = {
  "6.8": ["f888808080", "fc8480808080"],
  "6.10": ["f7bfbfbf", "fbbfbfbfbf", "fdbfbfbfbfbf"],
  "6.12": ["80", "bf", "80bf", "80bf80", "80bf80bf", "80bf80bf80", "80bf80bf80bf", "81"],
  "6.13": ["c0", "e0", "f0", "f8", "fc"],
  "6.14": ["c0", "e080", "f08080", "f8808080", "fc80808080", "df", "efbf", "f7bfbf"],
  "6.15": ["c0e080f08080f8808080fc80808080dfefbff7bfbffbbfbfbffdbfbfbfbf"],
  "6.16": ["fe", "ff", "fefeffff"],
  "6.17": ["c0af", "e080af", "f08080af", "f8808080af", "fc80808080af"],
  "6.18": ["c1bf", "e09fbf", "f08fbfbf", "f887bfbfbf", "fc83bfbfbfbf"],
  "6.19": ["c080", "e08080", "f0808080", "f880808080", "fc8080808080"],
  "6.20": ["eda080", "edadbf", "edae80", "edafbf", "edb080", "edbe80", "edbfbf"],
  "6.21": ["eda080edb080", "edadbfedbfbf", "edae80edb080", "edafbfedbfbf"],
};
for (const [section, sequences] of Object.entries(INVALID_SEQUENCES)) {
  for (const [i, hex] of sequences.entries()) {
    const bytes = Uint8Array.fromHex(hex);
    autobahn(`${section}.${i + 1}`, [text(bytes), close()], [INVALID]);
  }
}

// 6.6: the beginnings of a text. Some end within a character.
const COMPLETE = [2, 5, 7, 9, 11];
for (let length = 1; length <= 11; length++) {
  const bytes = utf8(kosme).slice(0, length);
  const expected = COMPLETE.includes(length) ? [new TextDecoder().decode(bytes), 1000] : [INVALID];
  autobahn(`6.6.${length}`, [text(bytes), close()], expected);
}

// 7: closing.
autobahn("7.1.1", [text(HELLO), close()], [HELLO, 1000]);
autobahn("7.1.2", [close(), close()], [1000]);
autobahn("7.1.3", [close(), ping()], [1000]);
autobahn("7.1.4", [close(), text(HELLO)], [1000]);
autobahn("7.1.5", [one, close(), two], [1000]);
autobahn("7.1.6", [text("BAsd7&jh23".repeat(1000)), text(HELLO), close(), ping()], [
  "BAsd7&jh23".repeat(1000),
  HELLO,
  1000,
]);
autobahn("7.3.1", [close("")], [1005]);
autobahn("7.3.2", [close("a")], [FAILED]);
autobahn("7.3.3", [close()], [1000]);
autobahn("7.3.4", [close(closePayload(1000, HELLO))], [1000]);
autobahn("7.3.5", [close(closePayload(1000, "*".repeat(123)))], [1000]);
autobahn("7.3.6", [close(closePayload(1000, "*".repeat(124)))], [FAILED]);
autobahn("7.5.1", [close(closePayload(1000, surrogate))], [INVALID]);
for (
  const [i, code] of [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999]
    .entries()
) {
  autobahn(`7.7.${i + 1}`, [close(closePayload(code))], [code]);
}
for (const [i, code] of [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999].entries()) {
  autobahn(`7.9.${i + 1}`, [close(closePayload(code))], [FAILED]);
}
for (const [i, code] of [5000, 65535].entries()) {
  autobahn(`7.13.${i + 1}`, [close(closePayload(code))], [FAILED]);
}

// 10: automatic fragmentation.
const large = "*".repeat(65536);
const fragments = Array.from({ length: 51 }, (_, i) => ({
  opcode: i === 0 ? 1 : 0,
  fin: i === 50,
  payload: large.slice(i * 1300, (i + 1) * 1300),
}));
autobahn("10.1.1", [...fragments, close()], [large, 1000]);
