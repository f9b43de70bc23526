import { assertEquals } from "@std/assert";
import { unixDatagramConformance } from "../../../testing/conformance/unix_datagram.ts";
import { socketTest } from "../../../testing/fixtures/socket_fixture.ts";
import { UNIXDatagramFixture } from "../../../testing/fixtures/unix_datagram_fixture.ts";
import { DatagramError } from "../../errors.ts";
import { EpollReactor } from "./reactor.ts";

unixDatagramConformance("EpollReactor", () => new EpollReactor());

const test = socketTest(
  "EpollReactor",
  (errors) => new UNIXDatagramFixture(new EpollReactor(), errors),
);

Deno.test(
  test("write() drops the datagrams for which a UNIX receiver has no room", async (fixture) => {
    // The reactor does not run yet, so nothing receives.
    const { path, protocol } = fixture.listen("silent");
    const sender = fixture.listen("sender");
    let count = 0;
    do sender.port.write(`${count++}`, path); while (sender.port.stats.failedSends < 3);
    await sender.port.stopListening();
    const codes = fixture.errors.take(DatagramError).map(({ code }) => code);
    assertEquals([...new Set(codes)], ["EAGAIN"]);
    fixture.run();
    // Those that had room arrive, and are the first ones.
    await protocol.calls.seen(`received ${count - 4}`);
    assertEquals(protocol.datagrams.length, count - 3);
  }),
);
