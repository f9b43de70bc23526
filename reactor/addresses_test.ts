import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import {
  HostnameAddress,
  internetAddress,
  IPv4Address,
  IPv6Address,
  isIPAddress,
  isIPv6Address,
  PipeAddress,
  ProcessAddress,
  UNIXAddress,
} from "./addresses.ts";

Deno.test("InternetAddress.equals() compares class, transport, host and port", () => {
  const address = new IPv4Address("TCP", "127.0.0.1", 80);
  assert(address.equals(new IPv4Address("TCP", "127.0.0.1", 80)));
  const others = [
    new IPv4Address("UDP", "127.0.0.1", 80),
    new IPv4Address("TCP", "127.0.0.2", 80),
    new IPv4Address("TCP", "127.0.0.1", 81),
    new IPv6Address("TCP", "127.0.0.1", 80),
    { equals: () => true, toString: () => "127.0.0.1:80" },
  ];
  assertEquals(others.filter((other) => address.equals(other)), []);
});

Deno.test("InternetAddress.toString() returns the usual notation", () => {
  assertEquals(String(new IPv4Address("TCP", "127.0.0.1", 80)), "127.0.0.1:80");
  assertEquals(String(new IPv6Address("TCP", "::1", 80)), "[::1]:80");
  assertEquals(`${new IPv4Address("TCP", "example.org", 80)}`, "example.org:80");
});

Deno.test("UNIXAddress.toString() returns the path, with @ for its zero byte", () => {
  assertEquals(String(new UNIXAddress("/run/chat/socket")), "/run/chat/socket");
  assertEquals(String(new UNIXAddress("\0chat\0")), "@chat\0");
  assertEquals(String(new UNIXAddress("")), "unix:");
  assert(new UNIXAddress("/a").equals(new UNIXAddress("/a")));
  assert(!new UNIXAddress("\0a").equals(new UNIXAddress("@a")));
});

Deno.test("internetAddress() chooses the class that matches the host", () => {
  assertInstanceOf(internetAddress("TCP", "127.0.0.1", 80), IPv4Address);
  assertInstanceOf(internetAddress("TCP", "example.org", 80), IPv4Address);
  assertInstanceOf(internetAddress("TCP", "::1", 80), IPv6Address);
  assertInstanceOf(internetAddress("TCP", "fe80::1%eth0", 80), IPv6Address);
});

Deno.test("internetAddress() returns an IPv4Address for an IPv4-mapped IPv6 address", () => {
  const address = internetAddress("TCP", "::ffff:192.0.2.1", 80);
  assert(address.equals(new IPv4Address("TCP", "192.0.2.1", 80)));
  // This address has the prefix but is not an IPv4-mapped one.
  assertInstanceOf(internetAddress("TCP", "::ffff:1", 80), IPv6Address);
});

Deno.test("HostnameAddress.equals() compares name and port; toString() returns name:port", () => {
  const address = new HostnameAddress("example.org", 80);
  assert(address.equals(new HostnameAddress("example.org", 80)));
  assert(!address.equals(new HostnameAddress("example.org", 81)));
  assert(!address.equals(new HostnameAddress("example.net", 80)));
  assert(!address.equals(new IPv4Address("TCP", "example.org", 80)));
  assertEquals(String(address), "example.org:80");
  assertEquals(String(new HostnameAddress("::1", 80)), "[::1]:80");
});

Deno.test("isIPAddress() accepts only four decimal numbers up to 255", () => {
  const yes = ["0.0.0.0", "127.0.0.1", "255.255.255.255", "192.0.2.99"];
  const no = [
    "",
    "1.2.3",
    "1.2.3.4.5",
    "256.0.0.1",
    "01.2.3.4",
    "1.2.3.4 ",
    "0x7f.0.0.1",
    "::1",
    "a.b.c.d",
  ];
  assertEquals(yes.filter(isIPAddress), yes);
  assertEquals(no.filter(isIPAddress), []);
});

Deno.test("isIPv6Address() accepts only the notations of RFC 4291, with an optional zone", () => {
  const yes = ["::", "::1", "2001:DB8::6", "1:2:3:4:5:6:7:8", "::ffff:192.0.2.1", "fe80::1%eth0"];
  const no = [
    "",
    ":",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "12345::",
    "::g",
    "[::1]",
    "::1%",
    "::1]/[",
    "127.0.0.1",
    "::1%é",
  ];
  assertEquals(yes.filter(isIPv6Address), yes);
  assertEquals(no.filter(isIPv6Address), []);
});

Deno.test("ProcessAddress.equals() compares program and process id; all PipeAddresses are equal", () => {
  const child = new ProcessAddress("sort", 1234);
  assertEquals([String(child), String(new PipeAddress())], [
    "sort (1234)",
    "standard input and output",
  ]);
  assertEquals(String(new ProcessAddress("sort")), "sort");
  assert(child.equals(new ProcessAddress("sort", 1234)));
  assert(!child.equals(new ProcessAddress("sort", 1235)));
  assert(!child.equals(new ProcessAddress("cat", 1234)));
  assert(!child.equals(new PipeAddress()));
  assert(new PipeAddress().equals(new PipeAddress()));
  assert(!new PipeAddress().equals(child));
});
