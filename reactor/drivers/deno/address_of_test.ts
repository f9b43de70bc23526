import { assert, assertThrows } from "@std/assert";
import { IPv4Address, IPv6Address, UNIXAddress } from "../../addresses.ts";
import { addressOf } from "./address_of.ts";

Deno.test("addressOf() makes an address of Deno's", () => {
  const address = addressOf({ transport: "tcp", hostname: "127.0.0.1", port: 80 });
  assert(address.equals(new IPv4Address("TCP", "127.0.0.1", 80)));
  const six = addressOf({ transport: "tcp", hostname: "::1", port: 80 });
  assert(six.equals(new IPv6Address("TCP", "::1", 80)));
});

Deno.test("An IPv4 peer of a socket on both families is an IPv4 peer", () => {
  const address = addressOf({ transport: "tcp", hostname: "::ffff:127.0.0.1", port: 80 });
  assert(address.equals(new IPv4Address("TCP", "127.0.0.1", 80)));
});

Deno.test("addressOf() of a UNIX socket is its path, and of an end without one it is none", () => {
  assert(addressOf({ transport: "unix", path: "/run/a" }).equals(new UNIXAddress("/run/a")));
  // What Deno 2.9.6 gives for a client's own end, whatever its type says.
  const unnamed = { transport: "unix", path: null } as unknown as Deno.UnixAddr;
  assert(addressOf(unnamed).equals(new UNIXAddress("")));
});

Deno.test("addressOf() of a transport that is not served throws, and names it", () => {
  assertThrows(
    () => addressOf({ transport: "unixpacket", path: "/tmp/socket" }),
    TypeError,
    'Cannot make an address for the transport "unixpacket"',
  );
});
