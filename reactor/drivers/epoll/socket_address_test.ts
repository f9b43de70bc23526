import { assertEquals } from "@std/assert";
import { AF_INET } from "./constants.ts";
import { AddressSpace, decodeTCP } from "./socket_address.ts";
import { libraryNames, SystemCalls } from "./system_calls.ts";

Deno.test("decodeTCP() returns the host and the port of each address, in any order", () => {
  const system = new SystemCalls(libraryNames());
  try {
    const space = new AddressSpace();
    const decoded = (port: number, ...host: number[]): string => {
      space.bytes.set([AF_INET, 0, port >> 8, port & 0xff, ...host]);
      return String(decodeTCP(system, space));
    };
    assertEquals([
      decoded(1, 0, 0, 0, 0),
      decoded(2, 127, 0, 0, 1),
      decoded(65535, 127, 0, 0, 1),
      decoded(4, 255, 255, 255, 255),
      decoded(5, 127, 0, 0, 1),
      decoded(6, 1, 0, 0, 127),
    ], [
      "0.0.0.0:1",
      "127.0.0.1:2",
      "127.0.0.1:65535",
      "255.255.255.255:4",
      "127.0.0.1:5",
      "1.0.0.127:6",
    ]);
  } finally {
    system.close();
  }
});
