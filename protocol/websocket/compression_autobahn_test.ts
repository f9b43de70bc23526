/**
 * The cases of sections 12 and 13 of the Autobahn test suite (crossbario/autobahn-testsuite,
 * `autobahntestsuite/case/case12_x_x.py`), rebuilt with data of the same kinds: each sends
 * compressed messages of a size, in frames of a size, to a server that echoes them. Each case has
 * two messages here, and a thousand there.
 */

import { assert, assertEquals } from "@std/assert";
import { connectedServerAndClient, TestPeer } from "../../testing/mod.ts";
import { zlibModule } from "../../reactor/drivers/node/builtin_modules.ts";
import { frame, joined } from "../../testing/fixtures/websocket_frames.ts";
import {
  type WebSocketData,
  WebSocketDecoder,
  WebSocketFactory,
  type WebSocketMessage,
  WebSocketProtocol,
} from "./mod.ts";

/** The sizes of the messages, and of the frames; 0 for one frame. */
const SIZES: readonly (readonly [message: number, fragment: number])[] = [
  ...[16, 64, 256, 1024, 4096, 8192, 16384, 32768, 65536, 131072].map((size) => [size, 0] as const),
  ...[8192, 16384, 32768, 65536, 131072].map((size) => [size, 256] as const),
  ...[1024, 4096, 32768].map((fragment) => [131072, fragment] as const),
];
const COUNT = 2;

class Echo extends WebSocketProtocol {
  override messageReceived(data: WebSocketData): void {
    this.send(data);
  }
}

/** A client of an echo server with compression. */
class Client implements Disposable {
  readonly pair;
  readonly answer: string;
  readonly decoder: WebSocketDecoder;

  constructor(offers: string) {
    const factory = new WebSocketFactory(() => new Echo(), { compression: true });
    this.pair = connectedServerAndClient(factory, TestPeer);
    this.pair.client.transport.write(
      "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" +
        `Sec-WebSocket-Extensions: ${offers}\r\n\r\n`,
    );
    this.pair.pump.flush();
    const [, answer = ""] = /Extensions: (.*)\r\n/.exec(this.pair.client.take()) ?? [];
    this.answer = answer;
    this.decoder = new WebSocketDecoder({ role: "client", compression: answer !== "" });
  }

  /** Sends a message in frames of a size. Returns the echo. */
  exchange(data: Uint8Array, isBinary: boolean, fragment: number): WebSocketMessage | null {
    const payload = this.answer === "" ? data : deflated(data);
    const size = fragment === 0 ? payload.length : fragment;
    for (let at = 0; at < payload.length; at += size) {
      this.pair.client.transport.write(frame({
        opcode: at > 0 ? 0 : isBinary ? 2 : 1,
        rsv: at > 0 || this.answer === "" ? 0 : 4,
        fin: at + size >= payload.length,
        payload: payload.subarray(at, at + size),
      }));
    }
    this.pair.pump.flush();
    this.decoder.push(this.pair.client.data);
    this.pair.client.take();
    return this.decoder.next();
  }

  [Symbol.dispose](): void {
    this.pair[Symbol.dispose]();
  }
}

/** Compresses as the suite does: also what becomes longer, and with the end left out. */
function deflated(data: Uint8Array): Uint8Array {
  const { deflateRawSync, constants } = zlibModule();
  return deflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Returns bytes that do not repeat. */
function noise(length: number): Uint8Array {
  let state = 7;
  return Uint8Array.from({ length }, () => {
    state = Math.imul(state, 1_664_525) + 1_013_904_223 >>> 0;
    return state >>> 24;
  });
}

const json = utf8(JSON.stringify(Array.from(
  { length: 700 },
  (_, id) => ({ id, name: `user-${id * 7919 % 1000}`, tags: ["a", "b"], balance: id / 8 }),
)));
const html = utf8(
  "<ul>\n" + Array.from(
    { length: 900 },
    (_, i) => `  <li><a href="/item/${i * 31}">Item ${i}</a></li>\n`,
  ).join("") + "</ul>",
);
const poem = utf8(
  "Habe nun, ach! Philosophie, Juristerei und Medizin durchaus studiert. ".repeat(9),
);
const picture = Uint8Array.from({ length: 65536 }, (_, i) => (i % 256) + (i >> 8) >> 1);
const document = joined([poem, noise(30_000), html.subarray(0, 5000)]);

/** The kinds of data: readable text, a bitmap, a large PDF, JSON and HTML. */
const DATA: readonly (readonly [name: string, data: Uint8Array, isBinary: boolean])[] = [
  ["12.1", poem, true],
  ["12.2", picture, true],
  ["12.3", document, true],
  ["12.4", json, false],
  ["12.5", html, false],
];

/** Sends messages of all sizes, each a part of the data, which is read in a circle. */
function exchangeAll(client: Client, data: Uint8Array, isBinary: boolean): void {
  const circle = joined(Array.from({ length: 2 + Math.ceil(131072 / data.length) }, () => data));
  let at = 0;
  for (const [size, fragment] of SIZES) {
    for (let i = 0; i < COUNT; i++) {
      const message = circle.slice(at, at + size);
      at = (at + size) % data.length;
      const echo = client.exchange(message, isBinary, fragment);
      const expected = isBinary ? message : new TextDecoder().decode(message);
      assert(echo?.type === "message", `${size} bytes, fragments of ${fragment}`);
      assertEquals(typeof echo.data, typeof expected);
      // A difference between long texts would take seconds to describe.
      const isEqual = typeof echo.data === "string"
        ? echo.data === expected
        : echo.data.length === size && echo.data.every((byte, j) => byte === message[j]);
      assert(isEqual, `${size} bytes, fragments of ${fragment}`);
    }
  }
}

for (const [name, data, isBinary] of DATA) {
  Deno.test(`WebSocketProtocol passes the cases ${name} of Autobahn`, () => {
    using client = new Client(
      "permessage-deflate; client_no_context_takeover; client_max_window_bits",
    );
    assert(client.answer !== "");
    exchangeAll(client, data, isBinary);
  });
}

const ANY = "permessage-deflate; client_no_context_takeover; client_max_window_bits";
/** The offers of section 13, and whether the server accepts one of them. */
const OFFERS: readonly (readonly [name: string, offers: string, isAccepted: boolean])[] = [
  ["13.1", ANY, true],
  ["13.2", `${ANY}; server_no_context_takeover`, true],
  ["13.3", `${ANY}; server_max_window_bits=8`, false],
  ["13.4", `${ANY}; server_max_window_bits=15`, true],
  ["13.5", `${ANY}; server_no_context_takeover; server_max_window_bits=8`, false],
  ["13.6", `${ANY}; server_no_context_takeover; server_max_window_bits=15`, true],
  [
    "13.7",
    `${ANY}; server_no_context_takeover; server_max_window_bits=8, ` +
    `${ANY}; server_no_context_takeover, ${ANY}`,
    true,
  ],
];
for (const [name, offers, isAccepted] of OFFERS) {
  Deno.test(`WebSocketProtocol passes the cases ${name} of Autobahn`, () => {
    using client = new Client(offers);
    assertEquals(client.answer !== "", isAccepted);
    assertEquals(client.answer.includes("server_max_window_bits=15"), offers.includes("bits=15"));
    exchangeAll(client, json, false);
  });
}
