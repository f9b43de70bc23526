/**
 * The headers of the PROXY protocol, decoded and encoded. The vectors are those of:
 *
 * - the specification, https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt (2026/04/27),
 * - Twisted's `twisted/protocols/haproxy/test/test_v1parser.py` and `test_v2parser.py`,
 * - RFC 3720, appendix B.4, for CRC-32C.
 */

import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { byteCost } from "../../testing/fixtures/byte_cost.ts";
import { FrameTooLongError, FramingError, IncompleteFrameError } from "../framing/framing_error.ts";
import { decoderStream } from "../framing/decoder_stream.ts";
import { IPv4Address, IPv6Address, PipeAddress, UNIXAddress } from "../../reactor/addresses.ts";
import type { Address } from "../../reactor/interfaces/mod.ts";
import { crc32c } from "./crc32c.ts";
import {
  encodeProxyHeader,
  InvalidProxyHeader,
  type ProxyHeader,
  ProxyHeaderDecoder,
  type ProxyHeaderOptions,
  type ProxyTLV,
  ProxyTLVType,
} from "./mod.ts";

const encoder = new TextEncoder();
const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));
const textOf = (bytes: Uint8Array): string => new TextDecoder("latin1").decode(bytes);

function join(...parts: readonly (Uint8Array | string | number[])[]): Uint8Array {
  return new Uint8Array(
    parts.flatMap((part) => [...typeof part === "string" ? latin1(part) : part]),
  );
}

/** Decodes bytes at once, and returns the header and the rest. */
function decode(bytes: Uint8Array | string): { header: ProxyHeader | null; rest: string } {
  const decoder = new ProxyHeaderDecoder();
  decoder.push(typeof bytes === "string" ? latin1(bytes) : bytes);
  const header = decoder.next();
  return { header, rest: textOf(decoder.takeRest()) };
}

/** Returns the addresses of a header. */
function addressesIn(bytes: Uint8Array | string): unknown {
  const { header } = decode(bytes);
  return header === null ? "incomplete" : [header.command, header.source, header.destination];
}

/** Returns what each split of the bytes into chunks of one size gives: one result. */
function resultOfAnySplit(bytes: Uint8Array): string {
  const results = [1, 2, 5, 13, bytes.length].map((size) => {
    const decoder = new ProxyHeaderDecoder();
    try {
      for (let at = 0; at < bytes.length; at += size) {
        decoder.push(bytes.slice(at, at + size));
        const header = decoder.next();
        if (header !== null) return `${header}`;
      }
      return "incomplete";
    } catch (error) {
      assert(error instanceof FramingError);
      assertStrictEquals(assertThrows(() => decoder.next()), error);
      assertStrictEquals(assertThrows(() => decoder.finish()), error);
      return `${error}`;
    }
  });
  assertEquals(new Set(results).size, 1, `Different results: ${results.join("; ")}`);
  return results[0] ?? "";
}

const tcp4 = (host: string, port: number): Address => new IPv4Address("TCP", host, port);
const tcp6 = (host: string, port: number): Address => new IPv6Address("TCP", host, port);

// Version 1

const HTTP = "GET / HTTP/1.1\r\nHost: 192.168.0.11\r\n\r\n";

const V1_VECTORS: Record<string, unknown> = {
  // Section 2.1 of the specification.
  "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n": [
    "PROXY",
    tcp4("192.168.0.1", 56324),
    tcp4("192.168.0.11", 443),
  ],
  "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n": [
    "PROXY",
    tcp4("255.255.255.255", 65535),
    tcp4("255.255.255.255", 65535),
  ],
  "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n":
    [
      "PROXY",
      tcp6("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535),
      tcp6("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535),
    ],
  "PROXY UNKNOWN\r\n": ["PROXY", null, null],
  "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n":
    ["PROXY", null, null],
  // Twisted's tests.
  "PROXY TCP4 127.0.0.1 127.0.0.1 8080 8888\r\n": [
    "PROXY",
    tcp4("127.0.0.1", 8080),
    tcp4("127.0.0.1", 8888),
  ],
  "PROXY TCP6 ::1 ::1 8080 8888\r\n": ["PROXY", tcp6("::1", 8080), tcp6("::1", 8888)],
  "PROXY UNKNOWN anything could go here\r\n": ["PROXY", null, null],
  // One client has one name, in whatever form the proxy writes it.
  "PROXY TCP6 2001:DB8:0:0:0::1 ::ffff:192.0.2.1 0 1\r\n": [
    "PROXY",
    tcp6("2001:db8::1", 0),
    tcp4("192.0.2.1", 1),
  ],
};

for (const [line, addresses] of Object.entries(V1_VECTORS)) {
  Deno.test(`ProxyHeaderDecoder decodes ${JSON.stringify(line).slice(0, 50)}`, () => {
    assertEquals(addressesIn(line), addresses);
    const { header, rest } = decode(line + HTTP);
    assertEquals([header?.version, header?.tlvs, rest], [1, [], HTTP]);
    assertEquals(textOf(header?.bytes ?? new Uint8Array()), line);
    resultOfAnySplit(latin1(line + HTTP));
  });
}

const NO_ADDRESSES = "its addresses must be those of TCP4";
const NO_PORT = "its port numbers must be from 0 to 65535, without leading zeros";
const TOO_FEW = "it must have two addresses and two port numbers";
const NO_PROTOCOL = "its protocol must be TCP4, TCP6 or UNKNOWN";
const NO_SIGNATURE = "it must begin with the signature of version 1 or 2";
const NO_CRLF = "its line must end with CRLF, and have no other CR or LF";

const V1_ERRORS: Record<string, [reason: string, offset: number]> = {
  "NOTPROXY \r\n": [NO_SIGNATURE, 0],
  "PROX\r\n": [NO_SIGNATURE, 4],
  "proxy TCP4 1.1.1.1 2.2.2.2 1 2\r\n": [NO_SIGNATURE, 0],
  "PROXY\tTCP4 1.1.1.1 2.2.2.2 1 2\r\n": [NO_SIGNATURE, 5],
  "PROXY  TCP4 1.1.1.1 2.2.2.2 1 2\r\n": [NO_PROTOCOL, 6],
  "PROXY WUTPROTO \r\n": [NO_PROTOCOL, 6],
  "PROXY UNKNOWNS\r\n": [NO_PROTOCOL, 6],
  "PROXY TCP4 \r\n": [TOO_FEW, 6],
  "PROXY TCP4 127.0.0.1 8080 8888\r\n": [TOO_FEW, 6],
  "PROXY TCP4 1.1.1.1 2.2.2.2 1 2 \r\n": [TOO_FEW, 6],
  "PROXY TCP4 1.1.1.1 2.2.2.2 1 2 3\r\n": [TOO_FEW, 6],
  "PROXY TCP4 1.1.1.1  2.2.2.2 1 2\r\n": [TOO_FEW, 6],
  "PROXY TCP4 01.1.1.1 2.2.2.2 1 2\r\n": [NO_ADDRESSES, 6],
  "PROXY TCP4 1.1.1 2.2.2.2 1 2\r\n": [NO_ADDRESSES, 6],
  "PROXY TCP4 1.1.1.256 2.2.2.2 1 2\r\n": [NO_ADDRESSES, 6],
  "PROXY TCP4 ::1 ::1 1 2\r\n": [NO_ADDRESSES, 6],
  "PROXY TCP4 localhost 2.2.2.2 1 2\r\n": [NO_ADDRESSES, 6],
  "PROXY TCP6 1.1.1.1 2.2.2.2 1 2\r\n": ["its addresses must be those of TCP6", 6],
  "PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n": ["its addresses must be those of TCP6", 6],
  "PROXY TCP6 ::1::2 ::1 1 2\r\n": ["its addresses must be those of TCP6", 6],
  "PROXY TCP4 1.1.1.1 2.2.2.2 01 2\r\n": [NO_PORT, 6],
  "PROXY TCP4 1.1.1.1 2.2.2.2 1 65536\r\n": [NO_PORT, 6],
  "PROXY TCP4 1.1.1.1 2.2.2.2 -1 2\r\n": [NO_PORT, 6],
  "PROXY TCP4 1.1.1.1 2.2.2.2 1e1 2\r\n": [NO_PORT, 6],
  // A single LF or CR does not end the line, nor is it part of one.
  "PROXY TCP4 1.1.1.1 2.2.2.2 1 2\n": [NO_CRLF, 30],
  "PROXY UNKNOWN a\nb\r\n": [NO_CRLF, 15],
  "PROXY UNKNOWN a\rb\r\n": [NO_CRLF, 16],
  "PROXY UNKNOWN\r\r\n": [NO_CRLF, 14],
};

for (const [line, [reason, offset]] of Object.entries(V1_ERRORS)) {
  Deno.test(`ProxyHeaderDecoder refuses ${JSON.stringify(line)}`, () => {
    const result = resultOfAnySplit(latin1(line));
    assert(
      result.startsWith(`InvalidProxyHeader: Cannot decode a PROXY header: ${reason}`),
      result,
    );
    assert(result.endsWith(`(at byte ${offset} of the input)`), result);
  });
}

Deno.test("ProxyHeaderDecoder refuses a line without CRLF in its first 107 bytes", () => {
  const longest = `PROXY UNKNOWN ${"x".repeat(91)}\r\n`;
  assertEquals(longest.length, 107);
  assertEquals(resultOfAnySplit(latin1(longest)), "PROXY header (unknown client)");
  for (const line of [`PROXY UNKNOWN ${"x".repeat(92)}\r\n`, `PROXY ${" ".repeat(1000)}`]) {
    const decoder = new ProxyHeaderDecoder();
    decoder.push(latin1(line));
    const error = assertThrows(() => decoder.next(), FrameTooLongError);
    assertEquals([error.maxLength, error.offset], [107, 0]);
    assertEquals(
      resultOfAnySplit(latin1(line)),
      "FrameTooLongError: Cannot receive a PROXY header of version 1 of 108 bytes or more: " +
        "the limit is 107 (at byte 0 of the input)",
    );
  }
});

// Version 2

const SIGNATURE = latin1("\r\n\r\n\0\r\nQUIT\n");
const LOOPBACK4 = [127, 0, 0, 1];
const LOOPBACK6 = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
const PORTS = [0x1f, 0x90, 0x22, 0xb8];
const PATH = join("/home/tests/mysockets/sock", new Uint8Array(82));

/** Returns a header of version 2, as the helpers in Twisted's tests do. */
function v2(versionAndCommand: number, familyAndProtocol: number, content: Uint8Array): Uint8Array {
  const length = [content.length >> 8, content.length & 0xff];
  return join(SIGNATURE, [versionAndCommand, familyAndProtocol], length, content);
}

const IPV4 = join(LOOPBACK4, LOOPBACK4, PORTS);
const IPV6 = join(LOOPBACK6, LOOPBACK6, PORTS);
const UNIX = join(PATH, PATH);
const FAMILIES: [
  name: string,
  family: number,
  content: Uint8Array,
  source: Address,
  to: Address,
][] = [
  ["IPv4", 0x10, IPV4, tcp4("127.0.0.1", 8080), tcp4("127.0.0.1", 8888)],
  ["IPv6", 0x20, IPV6, tcp6("::1", 8080), tcp6("::1", 8888)],
  [
    "UNIX",
    0x30,
    UNIX,
    new UNIXAddress("/home/tests/mysockets/sock"),
    new UNIXAddress("/home/tests/mysockets/sock"),
  ],
];

for (const [name, family, content, source, destination] of FAMILIES) {
  Deno.test(`ProxyHeaderDecoder decodes Twisted's header of version 2 for ${name}`, () => {
    const header = v2(0x21, family | 1, content);
    assertEquals(addressesIn(header), ["PROXY", source, destination]);
    const rest = "TEST DATA\r\n\r\nTEST DATA";
    assertEquals(decode(join(header, rest)).rest, rest);
    assertEquals(resultOfAnySplit(join(header, rest)), `PROXY header for ${source}`);
  });

  Deno.test(`ProxyHeaderDecoder finds no address of ${name} in LOCAL and UNSPEC headers`, () => {
    assertEquals(addressesIn(v2(0x20, family | 1, content)), ["LOCAL", null, null]);
    assertEquals(addressesIn(v2(0x21, 0x01, content)), ["PROXY", null, null]);
    assertEquals(addressesIn(v2(0x21, family, content)), ["PROXY", null, null]);
  });

  Deno.test(`ProxyHeaderDecoder refuses a header that is shorter than its ${name} addresses`, () => {
    const result = resultOfAnySplit(v2(0x21, family | 1, content.subarray(1)));
    assertEquals(
      result,
      "InvalidProxyHeader: Cannot decode a PROXY header: it is shorter than its addresses, " +
        `got ${content.length - 1} bytes (at byte 14 of the input)`,
    );
  });
}

Deno.test("ProxyHeaderDecoder decodes the addresses of datagrams", () => {
  assertEquals(addressesIn(v2(0x21, 0x12, IPV4)), [
    "PROXY",
    new IPv4Address("UDP", "127.0.0.1", 8080),
    new IPv4Address("UDP", "127.0.0.1", 8888),
  ]);
  assertEquals(addressesIn(v2(0x21, 0x32, UNIX)), addressesIn(v2(0x21, 0x31, UNIX)));
});

Deno.test("ProxyHeaderDecoder decodes the names of UNIX sockets", () => {
  const names = (...pair: [string, string]): unknown =>
    addressesIn(
      v2(0x21, 0x31, join(...pair.map((name) => join(name, new Uint8Array(108 - name.length))))),
    );
  const longest = "x".repeat(108);
  assertEquals(names("", longest), ["PROXY", new UNIXAddress(""), new UNIXAddress(longest)]);
  // The path of a file ends with the first zero byte; an abstract name begins with one.
  assertEquals(names("/a\0/b", "\0a\0b"), [
    "PROXY",
    new UNIXAddress("/a"),
    new UNIXAddress("\0a\0b"),
  ]);
});

const V2_ERRORS: [bytes: Uint8Array, reason: string, offset: number][] = [
  [join(new Uint8Array(12), [0x21, 0x11, 0, 12], IPV4), NO_SIGNATURE, 0],
  [join(SIGNATURE.subarray(0, 11), [0, 0x21, 0x11, 0, 12], IPV4), NO_SIGNATURE, 11],
  [v2(0x11, 0x11, IPV4), "its version must be 2, got the byte 0x11", 12],
  [v2(0x31, 0x11, IPV4), "its version must be 2, got the byte 0x31", 12],
  [v2(0x23, 0x11, IPV4), "its command must be LOCAL (0) or PROXY (1), got the byte 0x23", 12],
  [
    v2(0x21, 0x40, IPV4),
    "its address family must be UNSPEC (0), INET (1), INET6 (2) or UNIX (3), got the byte 0x40",
    13,
  ],
  [
    v2(0x21, 0x24, IPV6),
    "its transport protocol must be UNSPEC (0), STREAM (1) or DGRAM (2), got the byte 0x24",
    13,
  ],
];

for (const [bytes, reason, offset] of V2_ERRORS) {
  Deno.test(`ProxyHeaderDecoder refuses a header because ${reason.slice(0, 40)}, byte ${offset}`, () => {
    const result = resultOfAnySplit(bytes);
    assert(
      result.startsWith(`InvalidProxyHeader: Cannot decode a PROXY header: ${reason}`),
      result,
    );
    assert(result.endsWith(`(at byte ${offset} of the input)`), result);
  });
}

Deno.test("ProxyHeaderDecoder accepts a LOCAL header of any form", () => {
  // "The receiver must accept this connection as valid and must … discard the protocol block
  // including the family which is ignored."
  for (const family of [0x00, 0x11, 0x31, 0x4f, 0xff]) {
    for (const length of [0, 1, 12, 40]) {
      const header = v2(0x20, family, new Uint8Array(length).fill(0xab));
      assertEquals(addressesIn(header), ["LOCAL", null, null]);
    }
  }
});

Deno.test("ProxyHeaderDecoder.maxLength limits a header of version 2", () => {
  const decoder = new ProxyHeaderDecoder({ maxLength: 100 });
  decoder.push(v2(0x21, 0x11, join(IPV4, [4, 0, 69], new Uint8Array(69))));
  assertEquals(decoder.next()?.bytes.length, 100);
  decoder.takeRest();
  // The length is refused before the content has arrived.
  decoder.push(v2(0x21, 0x11, new Uint8Array(85)).subarray(0, 16));
  const error = assertThrows(() => decoder.next(), FrameTooLongError);
  assertEquals([error.length, error.maxLength, error.offset], [101, 100, 100]);
  assertThrows(() => new ProxyHeaderDecoder({ maxLength: 15 }), RangeError, "maxLength");
  const whole = new ProxyHeaderDecoder({ maxLength: 65551 });
  whole.push(v2(0x21, 0x00, new Uint8Array(65535)));
  assertEquals(whole.next()?.bytes.length, 65551);
});

// TLVs

const tlv = (type: number, value: Uint8Array | string): Uint8Array =>
  join([type, value.length >> 8, value.length & 0xff], value);
const withTLVs = (...tlvs: Uint8Array[]): Uint8Array => v2(0x21, 0x11, join(IPV4, ...tlvs));

Deno.test("ProxyHeader keeps every TLV in order, unknown and repeated ones included", () => {
  const { header } = decode(
    withTLVs(
      tlv(ProxyTLVType.ALPN, "h2"),
      tlv(ProxyTLVType.AUTHORITY, "bücher.example"),
      tlv(ProxyTLVType.NOOP, "\0\0\0"),
      tlv(ProxyTLVType.UNIQUE_ID, "\x01\x02"),
      tlv(ProxyTLVType.NETNS, "blue"),
      tlv(0xea, "\x01vpce-08d2bf15fac5001c9"),
      tlv(0xea, ""),
    ),
  );
  assert(header !== null);
  assertEquals(header.tlvs.map(({ type, value }) => [type, value.length]), [
    [0x01, 2],
    [0x02, 14],
    [0x04, 3],
    [0x05, 2],
    [0x30, 4],
    [0xea, 23],
    [0xea, 0],
  ]);
  assertEquals([header.alpn, header.networkNamespace, header.tls], ["h2", "blue", null]);
  assertEquals(header.authority, "b\ufffdcher.example");
  assertEquals(header.uniqueId, new Uint8Array([1, 2]));
  assertEquals(textOf(header.tlv(0xea) ?? new Uint8Array()), "\x01vpce-08d2bf15fac5001c9");
  assertEquals(header.tlv(0xeb), null);
});

Deno.test("ProxyHeader has the TLVs of a LOCAL header, as HAProxy sends it", () => {
  const { header } = decode(v2(0x20, 0x00, tlv(ProxyTLVType.UNIQUE_ID, "abc")));
  assertEquals([header?.command, header?.tlvs.length], ["LOCAL", 1]);
});

Deno.test("ProxyHeader.tls describes the client's TLS connection", () => {
  const ssl = (client: number, verify: number, ...tlvs: Uint8Array[]): ProxyHeader | null =>
    decode(withTLVs(tlv(ProxyTLVType.SSL, join([client, 0, 0, 0, verify], ...tlvs)))).header;
  const certificate = new Uint8Array([0x30, 0x03, 0x02, 0x01, 0x01]);
  const described = ssl(
    7,
    0,
    tlv(0x21, "TLSv1.3"),
    tlv(0x22, "example.com"),
    tlv(0x23, "TLS_AES_256_GCM_SHA384"),
    tlv(0x24, "SHA256"),
    tlv(0x25, "RSA2048"),
    tlv(0x26, "secp256r1"),
    tlv(0x27, "rsa_pss_rsae_sha256"),
    tlv(0x28, certificate),
  );
  assertEquals(described?.tls, {
    isTLS: true,
    hasCertificate: true,
    hasSessionCertificate: true,
    isVerified: true,
    verify: 0,
    version: "TLSv1.3",
    commonName: "example.com",
    cipher: "TLS_AES_256_GCM_SHA384",
    signatureAlgorithm: "SHA256",
    keyAlgorithm: "RSA2048",
    group: "secp256r1",
    signatureScheme: "rsa_pss_rsae_sha256",
    clientCertificate: certificate,
  });
  // Without a certificate, a result of 0 does not mean that one was verified.
  const { isVerified, version, hasCertificate } = ssl(1, 0)?.tls ?? {};
  assertEquals([isVerified, version, hasCertificate], [false, null, false]);
  assertEquals(ssl(3, 1)?.tls?.isVerified, false);
});

for (
  const [what, ...tlvs] of [
    ["last TLV is incomplete", [0x01]],
    ["last TLV is incomplete", [0x01, 0x00]],
    ["last TLV is incomplete", [0x01, 0x00, 0x02, 0x61]],
    ["unique id must have at most 128 bytes", [...tlv(5, new Uint8Array(129))]],
    ["description of TLS is incomplete", [...tlv(0x20, new Uint8Array(4))]],
    ["description of TLS is incomplete", [...tlv(0x20, new Uint8Array(6))]],
    ["checksum must have 4 bytes", [...tlv(3, new Uint8Array(3))]],
    ["checksum is wrong", [...tlv(3, new Uint8Array(4))]],
    ["must have at most one checksum", [...tlv(3, new Uint8Array(4))], [
      ...tlv(3, new Uint8Array(4)),
    ]],
  ] as [string, ...number[][]][]
) {
  Deno.test(`ProxyHeaderDecoder refuses TLVs of ${tlvs.flat().length} bytes: ${what}`, () => {
    const result = resultOfAnySplit(withTLVs(new Uint8Array(tlvs.flat())));
    assert(result.startsWith("InvalidProxyHeader: "), result);
    assert(result.includes(what), result);
  });
}

Deno.test("crc32c() gives the checksums of RFC 3720", () => {
  assertEquals(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assertEquals(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assertEquals(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e);
  assertEquals(crc32c(Uint8Array.from({ length: 32 }, (_, i) => 31 - i)), 0x113fdb5c);
  assertEquals(crc32c(encoder.encode("123456789")), 0xe3069283);
});

Deno.test("ProxyHeaderDecoder verifies the checksum over every byte of the header", () => {
  const options = { source: tcp4("192.0.2.1", 1), destination: tcp4("192.0.2.2", 2) };
  const header = encodeProxyHeader({
    ...options,
    checksum: true,
    tlvs: [{ type: 0xe0, value: encoder.encode("application") }],
  });
  assertEquals(decode(header).header?.tlvs.length, 2);
  for (let at = 16; at < header.length; at++) {
    // If the type of the checksum is changed, the header has none.
    if (at === header.length - 7) continue;
    const changed = header.slice();
    changed[at] = (changed[at] ?? 0) ^ 0x01;
    assertThrows(() => decode(changed), InvalidProxyHeader);
  }
});

// Any split

const address = fc.oneof(
  fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 65535 })).map(([host, port]) => tcp4(host, port)),
  fc.tuple(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.integer({ min: 0, max: 65535 })).map(
    ([bytes, port]) => {
      const groups = bytes.toHex().match(/.{4}/g) ?? [];
      return tcp6(new URL(`http://[${groups.join(":")}]/`).hostname.slice(1, -1), port);
    },
  ),
);
const tlvs: fc.Arbitrary<ProxyTLV[]> = fc.array(
  fc.record({ type: fc.integer({ min: 0xe0, max: 0xff }), value: fc.uint8Array() }),
);
const headers: fc.Arbitrary<ProxyHeaderOptions> = fc.oneof(
  fc.record({ version: fc.constant<1>(1), source: address, destination: address }),
  fc.record({
    version: fc.constant<2>(2),
    source: address,
    destination: address,
    tlvs,
    checksum: fc.boolean(),
  }),
  fc.record({ version: fc.constant<2>(2), command: fc.constant<"LOCAL">("LOCAL"), tlvs }),
);

Deno.test("ProxyHeaderDecoder decodes what encodeProxyHeader() encodes, for any split", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 });
  const rests = fc.uint8Array();
  fc.assert(fc.property(headers, rests, sizes, (options, rest, sizes) => {
    const decoder = new ProxyHeaderDecoder();
    const bytes = join(encodeProxyHeader(options), rest);
    let header: ProxyHeader | null = null;
    for (let at = 0, i = 0; at < bytes.length; i++) {
      const end = at + (sizes[i % sizes.length] ?? 1);
      decoder.push(bytes.slice(at, end));
      const next = decoder.next();
      assert(header === null || next === null, "There is a second header");
      header ??= next;
      at = end;
    }
    assert(header !== null);
    const { source = null, destination = null, tlvs = [], command = "PROXY" } = options;
    assertEquals([header.source, header.destination, header.command], [
      source,
      destination,
      command,
    ]);
    assertEquals(header.tlvs.slice(0, tlvs.length), tlvs);
    decoder.finish();
    assertEquals(decoder.takeRest(), rest);
  }));
});

Deno.test("ProxyHeaderDecoder.finish() throws for every truncation of a header", () => {
  for (const bytes of [latin1("PROXY UNKNOWN\r\n"), withTLVs(tlv(1, "h2"))]) {
    for (let size = 1; size < bytes.length; size++) {
      const decoder = new ProxyHeaderDecoder();
      decoder.push(bytes.slice(0, size));
      assertEquals(decoder.next(), null);
      const error = assertThrows(() => decoder.finish(), IncompleteFrameError);
      assertEquals(error.buffered, size);
    }
  }
});

Deno.test("ProxyHeaderDecoder takes a second header for data", () => {
  const line = "PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n";
  const decoder = new ProxyHeaderDecoder();
  decoder.push(latin1(line + line));
  assertEquals(`${decoder.next()?.source}`, "1.1.1.1:1");
  assertEquals([decoder.next(), decoder.next(), decoder.buffered], [null, null, line.length]);
  assertEquals(textOf(decoder.takeRest()), line);
});

Deno.test("ProxyHeader does not keep alive the chunk in which it arrived", () => {
  const chunk = new Uint8Array(65536);
  chunk.set(withTLVs(tlv(1, "h2")));
  const { header } = decode(chunk);
  assertEquals(header?.bytes.buffer.byteLength, header?.bytes.length);
  assertStrictEquals(header?.tlvs[0]?.value.buffer, header?.bytes.buffer);
});

Deno.test("ProxyHeaderDecoder copies few bytes, even if they arrive one by one", () => {
  const header = v2(0x21, 0x00, tlv(0xe0, new Uint8Array(16000)));
  const { copied, searched } = byteCost(() => {
    const decoder = new ProxyHeaderDecoder();
    for (const byte of header) {
      decoder.push(new Uint8Array([byte]));
      decoder.next();
    }
  });
  assert(copied < 4 * header.length, `${copied} bytes were copied for ${header.length}`);
  assert(searched < header.length, `${searched} bytes were searched for ${header.length}`);
});

Deno.test("decoderStream() of a ProxyHeaderDecoder returns the header", async () => {
  const stream = ReadableStream.from([latin1("PROXY UNKN"), latin1("OWN\r\nrest")]);
  const headers = await Array.fromAsync(
    stream.pipeThrough(decoderStream(new ProxyHeaderDecoder())),
  );
  assertEquals(headers.map(String), ["PROXY header (unknown client)"]);
});

// Encoding

Deno.test("encodeProxyHeader() encodes the vectors", () => {
  for (const [line, vector] of Object.entries(V1_VECTORS)) {
    // The vector has the addresses of the line.
    const [, source, destination] = vector as [string, Address | null, Address | null];
    if (source === null || line.includes("DB8") || line.includes("anything")) continue;
    assertEquals(textOf(encodeProxyHeader({ version: 1, source, destination })), line);
  }
  for (const [, family, content, source, destination] of FAMILIES) {
    assertEquals(encodeProxyHeader({ source, destination }), v2(0x21, family | 1, content));
  }
  assertEquals(encodeProxyHeader({ command: "LOCAL" }), v2(0x20, 0x00, new Uint8Array()));
  assertEquals(encodeProxyHeader({}), v2(0x21, 0x00, new Uint8Array()));
  assertEquals(textOf(encodeProxyHeader({ version: 1 })), "PROXY UNKNOWN\r\n");
  assertEquals(textOf(encodeProxyHeader({ version: 1, command: "LOCAL" })), "PROXY UNKNOWN\r\n");
});

Deno.test("encodeProxyHeader() maps IPv4 to IPv6 if the addresses have two families", () => {
  const options = { source: tcp4("192.0.2.1", 1), destination: tcp6("2001:db8::1", 2) };
  assertEquals(
    textOf(encodeProxyHeader({ version: 1, ...options })),
    "PROXY TCP6 ::ffff:c000:201 2001:db8::1 1 2\r\n",
  );
  for (const version of [1, 2] as const) {
    const { header } = decode(encodeProxyHeader({ version, ...options }));
    assertEquals([header?.source, header?.destination], [options.source, options.destination]);
  }
});

Deno.test("encodeProxyHeader() sends addresses that it cannot express as unknown", () => {
  const pipe = { source: new PipeAddress(), destination: new PipeAddress() };
  const unix = { source: new UNIXAddress("/a"), destination: new UNIXAddress("/b") };
  const mixed = { source: new UNIXAddress(""), destination: tcp4("192.0.2.1", 1) };
  assertEquals(addressesIn(encodeProxyHeader(pipe)), ["PROXY", null, null]);
  assertEquals(addressesIn(encodeProxyHeader(mixed)), ["PROXY", null, null]);
  assertEquals(textOf(encodeProxyHeader({ version: 1, ...unix })), "PROXY UNKNOWN\r\n");
});

for (
  const [what, options, message] of [
    ["a host name", { source: tcp4("example.org", 1) }, 'got "example.org"'],
    ["a zone's CRLF", { source: tcp6("::1%\r\n", 1) }, "must have an IP address"],
    ["a port", { source: tcp4("192.0.2.1", 65536) }, "from 0 to 65535, got 65536"],
    [
      "a source alone",
      { source: tcp4("192.0.2.1", 1), destination: null },
      "got 192.0.2.1:1 alone",
    ],
    ["a version", { version: 3 }, "must be 1 or 2, got 3"],
    ["a command", { command: "local" }, 'got "local"'],
    ["a type", { tlvs: [{ type: 256, value: new Uint8Array() }] }, "got 256"],
    ["TLVs", { tlvs: [{ type: 1, value: new Uint8Array(65533) }] }, "got 65536"],
    ["TLVs in version 1", { version: 1, tlvs: [{ type: 1, value: new Uint8Array() }] }, "no tlvs"],
    ["a checksum in version 1", { version: 1, checksum: true }, "no checksum"],
    [
      "a path",
      { source: new UNIXAddress("x".repeat(109)), destination: new UNIXAddress("") },
      "108",
    ],
  ] as [string, ProxyHeaderOptions, string][]
) {
  Deno.test(`encodeProxyHeader() refuses ${what}`, () => {
    const to = { destination: tcp4("192.0.2.9", 1) };
    const error = assertThrows(() => encodeProxyHeader({ ...to, ...options }));
    assert(error instanceof RangeError || error instanceof TypeError);
    assert(error.message.includes(message), error.message);
  });
}
