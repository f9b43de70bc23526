import { assertEquals } from "@std/assert";
import { isSameHost } from "./same_host.ts";

Deno.test("isSameHost() ignores the notation of an address", () => {
  assertEquals(isSameHost("::1", "0:0:0:0:0:0:0:1"), true);
  assertEquals(isSameHost("2001:DB8::A", "2001:db8:0::a"), true);
  assertEquals(isSameHost("::ffff:127.0.0.1", "::ffff:7f00:1"), true);
  assertEquals(isSameHost("fe80::1%eth0", "fe80::1"), true);
  assertEquals(isSameHost("127.0.0.1", "127.0.0.1"), true);
});

Deno.test("isSameHost() distinguishes different addresses", () => {
  assertEquals(isSameHost("::1", "::2"), false);
  assertEquals(isSameHost("127.0.0.1", "127.0.0.2"), false);
  assertEquals(isSameHost("127.0.0.1", "::1"), false);
  assertEquals(isSameHost("127.0.0.1", "::ffff:127.0.0.1"), false);
});
