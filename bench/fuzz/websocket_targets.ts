/**
 * The decoder of WebSocket for both sides and for compressed messages, with small limits, and the
 * head of a handshake.
 *
 * @module
 */

import { type FrameDecoder, FramingError } from "../../protocol/mod.ts";
import {
  HTTPAnswer,
  WebSocketDecoder,
  WebSocketFactory,
  WebSocketProtocol,
} from "../../protocol/websocket/mod.ts";
import { HandshakeRefusal } from "../../protocol/websocket/handshake_refusal.ts";
import { deflateMessage } from "../../protocol/websocket/message_deflate.ts";
import { RequestDecoder, RequestHead } from "../../protocol/http/mod.ts";
import { readRequest } from "../../protocol/websocket/web_socket_request.ts";
import { IPv4Address } from "../../reactor/mod.ts";
import { closePayload, frame, type FrameParts } from "../../testing/fixtures/websocket_frames.ts";
import { latin1Bytes } from "../../testing/fixtures/split_input.ts";
import type { FuzzTarget } from "./fuzz_target.ts";

const LIMITS = { maxFrameLength: 140, maxMessageLength: 160 };
const peer = new IPv4Address("TCP", "192.0.2.1", 56324);

class Echo extends WebSocketProtocol {
  override messageReceived(data: string | Uint8Array): void {
    this.send(data);
  }
}

function echo(role: "server" | "client", compression = false): WebSocketProtocol {
  const protocol = new Echo({ ...LIMITS, pingInterval: Infinity, closeTimeout: Infinity });
  protocol.handshakeDone({ role, compression });
  return protocol;
}

function decoderOf(role: "server" | "client"): FuzzTarget {
  const masked = role === "server";
  return {
    name: `websocket_${role}`,
    sources: [
      "protocol/websocket/web_socket_decoder.ts",
      "protocol/websocket/message_assembly.ts",
      "protocol/websocket/masking.ts",
      "protocol/websocket/utf8.ts",
      "protocol/websocket/close_code.ts",
    ],
    // The longest frame, without its last byte.
    maxBuffered: 8 + 140 - 1,
    tokens: [
      frame({ masked, payload: "hello" }),
      frame({ masked, payload: "" }),
      frame({ masked, payload: "x".repeat(60) }),
      frame({ masked, payload: "\xc3\xa9\xf0\x9f\x98\x80" }),
      frame({ masked, payload: "\xc3" }),
      frame({ masked, opcode: 2, payload: "x".repeat(130) }),
      frame({ masked, fin: false, payload: "a\xf0\x9f" }),
      frame({ masked, fin: false, opcode: 2, payload: "ab" }),
      frame({ masked, fin: false, opcode: 0, payload: "\x98" }),
      frame({ masked, opcode: 0, payload: "\x80b" }),
      frame({ masked, opcode: 9, payload: "ping" }),
      frame({ masked, opcode: 10 }),
      frame({ masked, opcode: 8 }),
      frame({ masked, opcode: 8, payload: closePayload(1000, "bye") }),
      frame({ masked, opcode: 8, payload: closePayload(1005) }),
      frame({ masked, payload: "x", lengthBytes: 2 }),
      frame({ masked, payload: "x", lengthBytes: 8 }),
      "\x81\xff\0\0\0\0\0\0\0\x05",
      "\x82\x7f\x80",
    ],
    makeDecoder: () => new WebSocketDecoder({ role, ...LIMITS }),
    makeProtocol: () => echo(role),
  };
}

/** Compressed messages. Those of a server are not masked, so a change of a byte changes a code. */
function deflatedDecoder(): FuzzTarget {
  const role = "client";
  const plain = (parts: FrameParts): Uint8Array => frame({ masked: false, ...parts });
  const deflated = (text: string): Uint8Array => deflateMessage(latin1Bytes(text));
  /** The first frame of a compressed message. */
  const first = (payload: Uint8Array | string, parts: FrameParts = {}): Uint8Array =>
    plain({ rsv: 4, payload, ...parts });
  const hello = deflated("Hello, hello, hello");
  return {
    name: "websocket_deflate",
    sources: [
      "protocol/websocket/web_socket_decoder.ts",
      "protocol/websocket/message_deflate.ts",
      "protocol/websocket/message_assembly.ts",
    ],
    maxBuffered: 4 + 140 - 1,
    tokens: [
      first(hello),
      first(deflated("")),
      first(deflated("\xc3\xa9\xf0\x9f\x98\x80")),
      first(deflated("\xc3")),
      first(deflated("x".repeat(160))),
      first(deflated("x".repeat(161)), { opcode: 2 }),
      first(hello.slice(0, 4), { fin: false }),
      plain({ opcode: 0, fin: false, payload: hello.slice(4, 6) }),
      plain({ opcode: 0, payload: hello.slice(6) }),
      // A block that is marked as the last one, a stored block, and the header of an empty one.
      first("\xf3\x48\xcd\xc9\xc9\x07\0\0"),
      first("\0\x05\0\xfa\xffHello\0"),
      first("\x03\0\xf3\x48\xcd\xc9\xc9\x07\0", { fin: false, opcode: 2 }),
      plain({ opcode: 0, payload: "\0" }),
      "\0\0\xff\xff",
      plain({ payload: "Hello" }),
      plain({ payload: "\xc3", fin: false }),
      plain({ opcode: 0, payload: "\xa9" }),
      plain({ opcode: 9, payload: "ping" }),
      plain({ opcode: 9, rsv: 4 }),
      plain({ opcode: 0, rsv: 4 }),
      plain({ opcode: 8, payload: closePayload(1000) }),
    ],
    makeDecoder: () => new WebSocketDecoder({ role, compression: true, ...LIMITS }),
    makeProtocol: () => echo(role, true),
  };
}

/** The head of a handshake. A refusal has no offset. */
class HeadDecoder implements FrameDecoder<unknown> {
  #decoder = new RequestDecoder({ maxHeadSize: 200, maxFields: 100, maxBodySize: Infinity });
  #failure: FramingError | null = null;

  get buffered(): number {
    return this.#decoder.buffered;
  }

  push(chunk: Uint8Array): void {
    this.#decoder.push(chunk);
  }

  next(): unknown {
    if (this.#failure !== null) throw this.#failure;
    try {
      const head = this.#decoder.next();
      if (head === null) return null;
      if (!(head instanceof RequestHead)) throw new HandshakeRefusal(400, "its head was refused");
      const { method, url, origin, subprotocols, headers } = readRequest(head, peer, false);
      return { method, url: url.href, origin, subprotocols, headers: [...headers] };
    } catch (error) {
      if (!(error instanceof HandshakeRefusal)) throw error;
      throw this.#failure = new FramingError(error.message, 0);
    }
  }

  finish(): void {
    if (this.#failure !== null) throw this.#failure;
    this.#decoder.finish();
  }

  takeRest(): Uint8Array {
    this.#failure = null;
    return this.#decoder.takeRest();
  }
}

export const WEBSOCKET_TARGETS: readonly FuzzTarget[] = [
  decoderOf("server"),
  decoderOf("client"),
  deflatedDecoder(),
  {
    name: "websocket_handshake",
    sources: [
      "protocol/websocket/web_socket_request.ts",
      "protocol/websocket/server_handshake.ts",
    ],
    maxBuffered: 200,
    tokens: [
      "GET / HTTP/1.1\r\n",
      "HEAD /a?b HTTP/1.1\r\n",
      "GET / HTTP/1.0\r\n",
      "Host: a\r\n",
      "Host: [::1]:80\r\n",
      "Upgrade: websocket\r\n",
      "Connection: Upgrade\r\n",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
      "Sec-WebSocket-Version: 13\r\n",
      "Sec-WebSocket-Protocol: a, b\r\n",
      "Origin: http://a\r\n",
      "Content-Length: 0\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
      "\r\n",
      "\r\n\r\n",
      " ",
      ":",
      frame({ payload: "hello" }),
    ],
    makeDecoder: () => new HeadDecoder(),
    makeProtocol: () =>
      new WebSocketFactory(() => echo("server"), {
        answer: () => new HTTPAnswer(200),
        maxHeadLength: 200,
        handshakeTimeout: Infinity,
      }).buildProtocol(peer),
  },
];
