// File descriptors over a UNIX socket, to and from Twisted.

import { assertEquals } from "@std/assert";
import { EpollReactor } from "../reactor/drivers/epoll/mod.ts";
import { unixTransport } from "../reactor/mod.ts";
import { Wire, Wires } from "../testing/fixtures/wire.ts";
import { Pipe, readDescriptor } from "../testing/peers/foreign_pipe.ts";
import { interopTestOn, TWISTED } from "./tool.ts";

const test = interopTestOn(() => new EpollReactor(), TWISTED);
const peer = new URL("./peers/twisted_descriptors.py", import.meta.url).pathname;

test("sendFileDescriptor() and fileDescriptorReceived() exchange descriptors with Twisted", async (fixture) => {
  const events: string[] = [];
  const server = Object.assign(new Wire(), {
    fileDescriptorReceived: (fileDescriptor: number) =>
      void events.push(`${server.size}: ${readDescriptor(fileDescriptor)}`),
  });
  const path = fixture.path("descriptors");
  fixture.reactor.listenUNIX(path, new Wires(() => server));
  fixture.run();
  const twisted = fixture.start(peer, path);
  await server.has(5);
  assertEquals([events, server.text], [["0: read from Twisted"], "pipe\n"]);
  using pipe = new Pipe();
  unixTransport(server.transport)?.sendFileDescriptor(pipe.writer);
  pipe.closeWriter();
  server.transport.write("here\n");
  const { code, lines, errors } = await twisted.end();
  assertEquals([code, errors], [0, ""]);
  assertEquals(lines, ["descriptor after 0 bytes", "received here", "lost ConnectionDone"]);
  assertEquals(pipe.read(), "written by Twisted");
});
