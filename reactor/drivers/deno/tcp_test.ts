/** TCP behaviour that is specific to Deno. */

import { assertMatch, assertThrows } from "@std/assert";
import { Wires } from "../../../testing/fixtures/wire.ts";
import { tcpTest } from "../../../testing/fixtures/tcp_fixture.ts";
import { DenoReactor } from "./reactor.ts";

// About one dial in thirty is cancelled after Deno has connected and before it reports that. A
// leaked connection fails the test.
const DIALS = 500;

const test = tcpTest("DenoReactor", () => new DenoReactor());

Deno.test(
  test("dialTCP() closes a connection that opens in the turn of its cancellation", async (fixture) => {
    fixture.run();
    const { port } = fixture.listen(new Wires());
    for (let i = 0; i < DIALS; i++) {
      const factory = new Wires();
      const connector = fixture.reactor.connectTCP("127.0.0.1", port, factory);
      setTimeout(() => connector.disconnect(), 0);
      work(0.002);
      await factory.called("stop");
    }
  }),
);

/** Keeps the program busy, so that I/O events and timers become due together. */
function work(seconds: number): void {
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end);
}

Deno.test(
  test("connectTCP() and connectTLS() throw for a host that is not a string, and name it", ({ reactor }) => {
    for (const host of [null, undefined, 5, ["localhost"]]) {
      const untyped = host as unknown as string; // as a caller without types passes it
      const got = /^connectT(CP|LS)\(\) host must be a string, got /;
      for (const connect of ["connectTCP", "connectTLS"] as const) {
        const { message } = assertThrows(
          () => reactor[connect](untyped, 80, new Wires()),
          TypeError,
        );
        assertMatch(message, got);
      }
    }
  }),
);
