import { assert, assertThrows } from "@std/assert";
import { IPv4Address, IPv6Address, UNIXAddress } from "../../addresses.ts";
import { addressOf } from "./address_of.ts";

Deno.test("addressOf() converts TCP addresses of either family", () => {
  const address = addressOf({ transport: "tcp", hostname: "127.0.0.1", port: 80 });
  assert(address.equals(new IPv4Address("TCP", "127.0.0.1", 80)));
  const six = addressOf({ transport: "tcp", hostname: "::1", port: 80 });
  assert(six.equals(new IPv6Address("TCP", "::1", 80)));
});

Deno.test("addressOf() converts an IPv4-mapped IPv6 address to IPv4", () => {
  const address = addressOf({ transport: "tcp", hostname: "::ffff:127.0.0.1", port: 80 });
  assert(address.equals(new IPv4Address("TCP", "127.0.0.1", 80)));
});

Deno.test("addressOf() returns the path of a UNIX socket, or an empty path for a client", () => {
  assert(addressOf({ transport: "unix", path: "/run/a" }).equals(new UNIXAddress("/run/a")));
  // Deno 2.9.6 returns null for a client's end, against its type.
  const unnamed = { transport: "unix", path: null } as unknown as Deno.UnixAddr;
  assert(addressOf(unnamed).equals(new UNIXAddress("")));
});

Deno.test("addressOf() throws a TypeError that names an unsupported transport", () => {
  assertThrows(
    () => addressOf({ transport: "unixpacket", path: "/tmp/socket" }),
    TypeError,
    'Cannot make an address for the transport "unixpacket"',
  );
});
