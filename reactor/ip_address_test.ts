// Of Twisted's `internet/test/test_abstract.py`: `IPv6AddressTests` and what of `AddressTests` is about strings of both families.

import { assertEquals } from "@std/assert";
import { isIPAddress, isIPv6Address, isSameHost } from "./ip_address.ts";

Deno.test("isIPAddress() takes four decimal numbers up to 255", () => {
  for (const host of ["1.2.3.4", "0.0.0.0", "255.255.255.255", "10.20.30.40"]) {
    assertEquals(isIPAddress(host), true, host);
  }
});

Deno.test("isIPAddress() takes nothing else", () => {
  const hosts = ["", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.-4", "1.2.3.04", "1.2.3.4 ", "0"];
  for (const host of [...hosts, "foo", "1.2.3.a", "0x7f.0.0.1", "1..2.3", "::1", "1.2.3.4:5"]) {
    assertEquals(isIPAddress(host), false, host);
  }
});

Deno.test("isIPv6Address() takes eight groups, or fewer with one `::`, an IPv4 address last, and a scope", () => {
  const hosts = ["::", "::1", "fe80::1%eth0", "fe80::2%1", "1:2:3:4:5:6:7:8", "1::8", "1:2:3::"];
  for (const host of [...hosts, "::ffff:1.2.3.4", "2001:DB8::1", "1:2:3:4:5:6:1.2.3.4"]) {
    assertEquals(isIPv6Address(host), true, host);
  }
});

Deno.test("isIPv6Address() takes nothing else", () => {
  const hosts = [
    "",
    ":",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "12345::",
    "g::1",
  ];
  for (
    const host of [
      ...hosts,
      "1:2:3:4:5:6:7::8",
      "::1%",
      "1.2.3.4",
      "::1.2.3",
      "::1.2.3.4:1",
      "[::1]",
    ]
  ) {
    assertEquals(isIPv6Address(host), false, host);
  }
});

Deno.test("isSameHost() compares addresses, not how they are written", () => {
  assertEquals(isSameHost("::1", "0:0:0:0:0:0:0:1"), true);
  assertEquals(isSameHost("2001:DB8::A", "2001:db8:0::a"), true);
  assertEquals(isSameHost("::ffff:127.0.0.1", "::ffff:7f00:1"), true);
  assertEquals(isSameHost("fe80::1%eth0", "fe80::1"), true);
  assertEquals(isSameHost("::1", "::2"), false);
  assertEquals(isSameHost("127.0.0.1", "127.0.0.2"), false);
  assertEquals(isSameHost("127.0.0.1", "::1"), false);
  assertEquals(isSameHost("127.0.0.1", "127.0.0.1"), true);
});
