/** Sets of addresses, and the addresses of the public internet. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { AddressBlocks, isGlobalAddress } from "./address_blocks.ts";
import { addressBytes, addressText, mapped, unmapped } from "./ip_address.ts";

Deno.test("AddressBlocks.has() compares the bits of the prefix", () => {
  const blocks = new AddressBlocks(["192.0.2.0/25", "198.51.100.7", "2001:db8::/33", "::1"]);
  for (
    const [address, expected] of [
      ["192.0.2.0", true],
      ["192.0.2.127", true],
      ["192.0.2.128", false],
      ["192.0.3.0", false],
      ["198.51.100.7", true],
      ["198.51.100.6", false],
      ["2001:db8::ffff", true],
      ["2001:DB8:7fff::1", true],
      ["2001:db8:8000::1", false],
      ["::1", true],
      ["0:0:0:0:0:0:0:1", true],
      ["::1%lo", true],
      ["::2", false],
      ["localhost", false],
      ["", false],
    ] as const
  ) assertEquals(blocks.has(address), expected, address);
});

Deno.test("AddressBlocks.has() takes an IPv4-mapped address for IPv4, in both places", () => {
  assert(new AddressBlocks(["10.0.0.0/8"]).has("::ffff:10.1.2.3"));
  assert(new AddressBlocks(["10.0.0.0/8"]).has("::ffff:a01:203"));
  assert(new AddressBlocks(["::ffff:10.0.0.0/104"]).has("10.1.2.3"));
  assert(!new AddressBlocks(["::ffff:10.0.0.0/104"]).has("11.1.2.3"));
  assert(new AddressBlocks(["::ffff:0:0/96"]).has("11.1.2.3"));
  // A block of IPv6 contains no IPv4 address.
  assert(!new AddressBlocks(["::/0"]).has("10.1.2.3"));
  assert(!new AddressBlocks(["::/0"]).has("::ffff:10.1.2.3"));
  assert(!new AddressBlocks(["0.0.0.0/0"]).has("2001:db8::1"));
  assert(!new AddressBlocks([]).has("10.1.2.3"));
});

Deno.test("AddressBlocks.has() contains exactly the addresses that share the prefix", () => {
  const ip = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  const bitsOf = (bytes: Uint8Array): string =>
    [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const bytesOf = (bits: string): Uint8Array =>
    Uint8Array.from(bits.match(/.{8}/g) ?? [], (byte) => parseInt(byte, 2));
  for (const length of [4, 16]) {
    fc.assert(
      fc.property(ip(length), ip(length), fc.integer({ min: 0, max: 8 * length }), (...a) => {
        const [base, random, prefix] = a;
        const bits = bitsOf(base).slice(0, prefix);
        const zeros = bytesOf(bits.padEnd(8 * length, "0"));
        const other = bytesOf(bits + bitsOf(random).slice(prefix));
        if (length === 16 && [zeros, other, random].some((each) => unmapped(each) !== each)) return;
        const blocks = new AddressBlocks([`${addressText(zeros)}/${prefix}`]);
        assert(blocks.has(addressText(other)));
        const isInside = bitsOf(random).startsWith(bits);
        assertEquals(blocks.has(addressText(random)), isInside);
      }),
    );
  }
});

for (
  const [block, problem] of [
    ["10.0.0.1/8", "must have zeros after its prefix, as in 10.0.0.0/8"],
    ["2001:db8::1/32", "as in 2001:db8::/32"],
    ["10.0.0.0/33", "must have at most 32 bits"],
    ["::/129", "must have at most 128 bits"],
    ["10.0.0.0/", "must be an IP address or a block"],
    ["10.0.0.0/08", "must be an IP address or a block"],
    ["10.0.0.0/-1", "must be an IP address or a block"],
    ["10.0.0.0/255.0.0.0", "must be an IP address or a block"],
    ["10.0.0", "must be an IP address or a block"],
    ["010.0.0.1", "must be an IP address or a block"],
    ["fe80::1%eth0", "must be an IP address or a block"],
    ["example.org", "must be an IP address or a block"],
    ["", "must be an IP address or a block"],
  ] as const
) {
  Deno.test(`AddressBlocks refuses ${JSON.stringify(block)}`, () => {
    const error = assertThrows(() => new AddressBlocks([block]), RangeError);
    assert(error.message.includes(problem), error.message);
    assert(error.message.endsWith(`got ${JSON.stringify(block)}`), error.message);
  });
}

Deno.test("AddressBlocks refuses elements that are not strings", () => {
  // The types reject these elements.
  for (const wrong of [1, null, undefined, {}]) {
    assertThrows(() => new AddressBlocks([wrong as never]), TypeError, "must be a string");
  }
});

const SPECIAL = [
  ..."0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.127.255.255 127.0.0.1 127.255.255.255".split(" "),
  ..."169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1 192.0.2.1 192.168.0.1".split(" "),
  ..."192.88.99.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1".split(" "),
  ..."239.255.255.255 240.0.0.1 255.255.255.255".split(" "),
  ..."::1 :: ::ffff:127.0.0.1 ::ffff:7f00:1 ::127.0.0.1 64:ff9b::127.0.0.1".split(" "),
  ..."64:ff9b::10.0.0.1 64:ff9b:1::8.8.8.8 100::1 2001::1 2001:db8::1 2002:7f00:1::1".split(" "),
  ..."3fff::1 5f00::1 fc00::1 fd00::1 fe80::1 fe80::1%eth0 fec0::1 ff02::1".split(" "),
];
const GLOBAL = [
  ..."1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 93.184.215.14 100.63.255.255 100.128.0.0".split(" "),
  ..."126.255.255.255 128.0.0.0 169.253.0.1 172.15.255.255 172.32.0.0 192.0.1.1".split(" "),
  ..."192.167.0.1 192.169.0.1 198.17.0.1 198.20.0.0 223.255.255.255".split(" "),
  ..."2606:4700::1111 2a00:1450::1 2001:4860:4860::8888 64:ff9b::8.8.8.8 ::ffff:8.8.8.8".split(" "),
];

Deno.test("isGlobalAddress() is false for special-purpose addresses, and names", () => {
  const wrong = [...SPECIAL, "example.org", "localhost", "", "127.1", "0x7f000001", "2130706433"]
    .filter(isGlobalAddress);
  assertEquals(wrong, []);
});

Deno.test("isGlobalAddress() is true for hosts of the internet", () => {
  assertEquals(GLOBAL.filter((address) => !isGlobalAddress(address)), []);
});

Deno.test("addressBytes() and addressText() are the inverse of each other", () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
    assertEquals(addressBytes(addressText(bytes)), bytes);
  }));
  fc.assert(fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), (bytes) => {
    assertEquals(addressBytes(addressText(bytes)), bytes);
    assertEquals(unmapped(mapped(bytes)), bytes);
  }));
});
