import { assertEquals } from "@std/assert";
import { IPv4Address } from "../../addresses.ts";
import { connectOrLookupError } from "./lookup_error.ts";

Deno.test("connectOrLookupError() recognizes a failed lookup by its message, because Deno gives no code", () => {
  const lookup = (why: string) =>
    connectOrLookupError(
      new IPv4Address("TCP", "no-such-host.invalid", 80),
      new Error(`failed to lookup address information: ${why}`),
    );
  const { name, message, code, syscall, address } = lookup("Name or service not known");
  assertEquals([name, message, code, syscall, address], [
    "DNSLookupError",
    "Cannot connect to no-such-host.invalid:80: failed to lookup address information: Name or service not known",
    "ENOTFOUND",
    "getaddrinfo",
    "no-such-host.invalid:80",
  ]);
  assertEquals(lookup("Temporary failure in name resolution").code, "EAI_AGAIN");
});
