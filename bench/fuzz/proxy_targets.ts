/**
 * The headers of the PROXY protocol, and the messages of SOCKS.
 *
 * @module
 */

import type { FrameDecoder } from "../../protocol/mod.ts";
import { Factory, Protocol } from "../../protocol/mod.ts";
import {
  encodeProxyHeader,
  ProxyHeaderDecoder,
  ProxyProtocolFactory,
} from "../../protocol/proxy_protocol/mod.ts";
import {
  encodeSOCKS4Reply,
  encodeSOCKS4Request,
  encodeSOCKS5Credentials,
  encodeSOCKS5Greeting,
  encodeSOCKS5Reply,
  encodeSOCKS5Request,
  SOCKSFactory,
  SOCKSReplyDecoder,
  SOCKSRequestDecoder,
} from "../../protocol/socks/mod.ts";
import { IPv4Address, IPv6Address, UNIXAddress } from "../../reactor/mod.ts";
import { InMemoryReactor } from "../../reactor/drivers/memory/in_memory_reactor.ts";
import type { Address, IProtocol } from "../../reactor/mod.ts";
import { Clock } from "../../task/mod.ts";
import type { FuzzTarget } from "./fuzz_target.ts";

/**
 * A decoder for the beginning of a connection. What follows its last message belongs to another
 * protocol, and is dropped here, so that the limit on the buffer can be checked.
 */
class Beginning<Frame> implements FrameDecoder<Frame> {
  readonly #decoder: FrameDecoder<Frame>;
  readonly #isLast: (frame: Frame) => boolean;
  #isDone = false;

  constructor(decoder: FrameDecoder<Frame>, isLast: (frame: Frame) => boolean) {
    this.#decoder = decoder;
    this.#isLast = isLast;
  }

  get buffered(): number {
    return this.#decoder.buffered;
  }

  push(chunk: Uint8Array): void {
    if (!this.#isDone) this.#decoder.push(chunk);
  }

  next(): Frame | null {
    if (this.#isDone) return null;
    const frame = this.#decoder.next();
    if (frame === null || !this.#isLast(frame)) return frame;
    this.#isDone = true;
    this.#decoder.takeRest();
    return frame;
  }

  finish(): void {
    if (!this.#isDone) this.#decoder.finish();
  }

  takeRest(): Uint8Array {
    return this.#decoder.takeRest();
  }
}

const source = new IPv4Address("TCP", "192.0.2.1", 56324);
const destination = new IPv4Address("TCP", "192.0.2.9", 443);

function header(from: Address, to: Address, checksum = false): Uint8Array {
  return encodeProxyHeader({ source: from, destination: to, checksum });
}

/** Returns a header with a TLV of a type and a length. */
function withTLV(type: number, length: number, checksum = false): Uint8Array {
  const tlvs = [{ type, value: new Uint8Array(length) }];
  return encodeProxyHeader({ source, destination, tlvs, checksum });
}

/** A protocol behind a header. It builds no protocol without one. */
function behindProxy(): IProtocol {
  const options = { trustedSources: "any", headerTimeout: Infinity, maxHeaderLength: 256 } as const;
  const factory = new ProxyProtocolFactory(Factory.forProtocol(Protocol), options);
  const protocol = factory.buildProtocol(source);
  if (protocol === null) throw new Error("Every source is trusted");
  return protocol;
}

function socksServer(credentials: boolean): IProtocol {
  const factory = new SOCKSFactory(new InMemoryReactor(new Clock()), {
    authorize: () => false,
    handshakeTimeout: Infinity,
    ...credentials ? { authenticate: (username) => username === "u" } : {},
  });
  return factory.buildProtocol(source);
}

const REQUESTS = [
  encodeSOCKS5Greeting([0]),
  encodeSOCKS5Greeting([0, 2]),
  encodeSOCKS5Credentials("u", "p"),
  encodeSOCKS5Request({ host: "192.0.2.1", port: 80 }),
  encodeSOCKS5Request({ host: "::1", port: 80 }),
  encodeSOCKS5Request({ host: "example.org", port: 443 }),
  encodeSOCKS4Request({ host: "192.0.2.1", port: 80, userId: "u" }),
  encodeSOCKS4Request({ host: "a.example", port: 80 }),
  "\x05\x01\x00\x02",
  "u".repeat(9),
];

function socksRequests(credentials: boolean): FuzzTarget {
  return {
    name: credentials ? "socks_login" : "socks_request",
    sources: ["protocol/socks/socks_request_decoder.ts", "protocol/socks/socks_fields.ts"],
    maxBuffered: 513,
    tokens: REQUESTS,
    makeDecoder: () =>
      new Beginning(
        new SOCKSRequestDecoder({ credentials, maxLength: 8 }),
        ({ type }) => type === "request",
      ),
    makeProtocol: () => socksServer(credentials),
  };
}

function socksReplies(version: 4 | 5): FuzzTarget {
  return {
    name: `socks${version}_reply`,
    sources: ["protocol/socks/socks_reply_decoder.ts"],
    maxBuffered: 262,
    tokens: [
      "\x05\x00",
      "\x05\x02",
      "\x01\x00",
      "\x05\xff",
      encodeSOCKS5Reply({ code: 0, host: "192.0.2.1", port: 80 }),
      encodeSOCKS5Reply({ code: 1, host: "::1" }),
      encodeSOCKS5Reply({ code: 2, host: "example.org" }),
      encodeSOCKS4Reply({ code: 90 }),
      encodeSOCKS4Reply({ code: 91, host: "192.0.2.1", port: 80 }),
    ],
    makeDecoder: () =>
      new Beginning(new SOCKSReplyDecoder({ version }), ({ type }) => type === "reply"),
  };
}

export const PROXY_TARGETS: readonly FuzzTarget[] = [
  {
    name: "proxy_header",
    sources: [
      "protocol/proxy_protocol/proxy_header_decoder.ts",
      "protocol/proxy_protocol/proxy_header_v1.ts",
      "protocol/proxy_protocol/proxy_header_v2.ts",
      "protocol/proxy_protocol/tlv.ts",
      "protocol/proxy_protocol/proxied_tls.ts",
    ],
    maxBuffered: 256,
    tokens: [
      "PROXY TCP4 192.0.2.1 192.0.2.9 56324 443\r\n",
      "PROXY TCP6 2001:db8::1 ::ffff:192.0.2.9 0 65535\r\n",
      "PROXY UNKNOWN\r\n",
      "PROXY ",
      "TCP4 ",
      "\r\n",
      "\r\n\r\n\0\r\nQUIT\n",
      header(source, destination),
      header(source, destination, true),
      header(new IPv6Address("TCP", "2001:db8::1", 1), new IPv6Address("TCP", "::1", 2), true),
      header(new UNIXAddress("/a"), new UNIXAddress("\0b")),
      encodeProxyHeader({ command: "LOCAL", tlvs: [{ type: 5, value: new Uint8Array(3) }] }),
      header(new IPv4Address("UDP", "192.0.2.1", 1), new IPv4Address("UDP", "192.0.2.9", 2)),
      withTLV(0x05, 129),
      withTLV(0x20, 4),
      withTLV(0x20, 8),
      withTLV(0x03, 4, true),
      withTLV(0x03, 5),
      "\x20\x00\x0f\x07\x00\x00\x00\x00\x21\x00\x07TLSv1.3",
      "\x03\x00\x04\x00\x00\x00\x00",
      "\x05\x00\x81",
    ],
    makeDecoder: () => new Beginning(new ProxyHeaderDecoder({ maxLength: 256 }), () => true),
    makeProtocol: behindProxy,
  },
  socksRequests(false),
  socksRequests(true),
  socksReplies(4),
  socksReplies(5),
];
