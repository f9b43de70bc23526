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

Deno.test("Addresses are equal when class, transport, host and port are", () => {
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

Deno.test("Addresses are written as people write them", () => {
  assertEquals(String(new IPv4Address("TCP", "127.0.0.1", 80)), "127.0.0.1:80");
  assertEquals(String(new IPv6Address("TCP", "::1", 80)), "[::1]:80");
  assertEquals(`${new IPv4Address("TCP", "example.org", 80)}`, "example.org:80");
});

Deno.test("A UNIX socket's address is its path; an abstract name has an @ in place of its zero byte", () => {
  assertEquals(String(new UNIXAddress("/run/chat/socket")), "/run/chat/socket");
  assertEquals(String(new UNIXAddress("\0chat\0")), "@chat\0");
  assertEquals(String(new UNIXAddress("")), "unix:");
  assert(new UNIXAddress("/a").equals(new UNIXAddress("/a")));
  assert(!new UNIXAddress("\0a").equals(new UNIXAddress("@a")));
});

Deno.test("internetAddress() chooses the class that fits the host", () => {
  assertInstanceOf(internetAddress("TCP", "127.0.0.1", 80), IPv4Address);
  assertInstanceOf(internetAddress("TCP", "example.org", 80), IPv4Address);
  assertInstanceOf(internetAddress("TCP", "::1", 80), IPv6Address);
  assertInstanceOf(internetAddress("TCP", "fe80::1%eth0", 80), IPv6Address);
});

Deno.test("internetAddress() makes an IPv4 address of one that is mapped into IPv6", () => {
  const address = internetAddress("TCP", "::ffff:192.0.2.1", 80);
  assert(address.equals(new IPv4Address("TCP", "192.0.2.1", 80)));
  // Not mapped: it only begins like that.
  assertInstanceOf(internetAddress("TCP", "::ffff:1", 80), IPv6Address);
});

Deno.test("A hostname's address is equal to one of the same name and port, and is written as people write it", () => {
  const address = new HostnameAddress("example.org", 80);
  assert(address.equals(new HostnameAddress("example.org", 80)));
  assert(!address.equals(new HostnameAddress("example.org", 81)));
  assert(!address.equals(new HostnameAddress("example.net", 80)));
  assert(!address.equals(new IPv4Address("TCP", "example.org", 80)));
  assertEquals(String(address), "example.org:80");
  assertEquals(String(new HostnameAddress("::1", 80)), "[::1]:80");
});

Deno.test("isIPAddress() knows four decimal numbers up to 255 from all else", () => {
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

Deno.test("isIPv6Address() knows what RFC 4291 allows, and a zone, from all else", () => {
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

Deno.test("A child process is known by what it runs and its number, standard input and output are what they are", () => {
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
