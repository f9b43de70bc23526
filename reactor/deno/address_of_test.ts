import { assert, assertThrows } from "@std/assert";
import { IPv4Address, IPv6Address } from "../addresses.ts";
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

Deno.test("addressOf() of a transport that is not served throws, and names it", () => {
  assertThrows(
    () => addressOf({ transport: "unix", path: "/tmp/socket" }),
    TypeError,
    'Cannot make an address for the transport "unix"',
  );
});
