import { assertEquals, assertThrows } from "@std/assert";
import { CannotListenError } from "../../errors.ts";
import { EpollReactor } from "./mod.ts";

Deno.test("a client can connect to a listening socket before a process accepts from it", async () => {
  using socket = new EpollReactor().openListeningSocket(0, { interface: "127.0.0.1" });
  const { host, port } = socket.address;
  assertEquals(host, "127.0.0.1");
  using client = await Deno.connect({ hostname: host, port });
  await client.write(new Uint8Array(3));
});

Deno.test("close() of a listening socket frees the address, and may be called again", () => {
  const reactor = new EpollReactor();
  const socket = reactor.openListeningSocket(0, { interface: "127.0.0.1" });
  const { port } = socket.address;
  assertThrows(
    () => reactor.openListeningSocket(port, { interface: "127.0.0.1" }),
    CannotListenError,
    `127.0.0.1:${port}`,
  );
  socket.close();
  socket.close();
  reactor.openListeningSocket(port, { interface: "127.0.0.1" }).close();
});

Deno.test("openListeningSocket() refuses bad arguments", () => {
  const reactor = new EpollReactor();
  assertThrows(() => reactor.openListeningSocket(65536), RangeError, "65536");
  assertThrows(() => reactor.openListeningSocket(0, { backlog: 0 }), RangeError, "backlog");
  assertThrows(() => reactor.openListeningSocket(0, { keepAliveCount: 0 }), RangeError, "0");
});
