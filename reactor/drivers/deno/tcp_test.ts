/** What is Deno's own in TCP. */

import { Wires } from "../../../testing/fixtures/wire.ts";
import { tcpTest } from "../../../testing/fixtures/tcp_fixture.ts";
import { DenoReactor } from "./reactor.ts";

// Each hits the moment in which Deno has connected and not told yet about once in thirty times. A
// connection that is left fails the test.
const DIALS = 500;

const test = tcpTest("DenoReactor", () => new DenoReactor());

test("A dial that is ended in the very moment in which it is connected leaves no connection", async (fixture) => {
  fixture.run();
  const { port } = fixture.listen(new Wires());
  for (let i = 0; i < DIALS; i++) {
    const factory = new Wires();
    const connector = fixture.reactor.connectTCP("127.0.0.1", port, factory);
    setTimeout(() => connector.disconnect(), 0);
    work(0.002);
    await factory.told("stop");
  }
});

/** Keeps the program busy, so that what is ready and what is due come together. */
function work(seconds: number): void {
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end);
}
