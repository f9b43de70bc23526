import { assertEquals } from "@std/assert";
import { addObserver } from "../../log/mod.ts";
import { DatagramFixture } from "../../testing/fixtures/datagram_fixture.ts";
import { listen, TestFactory } from "../../testing/fixtures/port_fixture.ts";

/** Returns the messages that are logged while `f` runs. */
function logged(f: () => void): string[] {
  const lines: string[] = [];
  using _observing = addObserver(({ message }) => lines.push(message), { replay: false });
  f();
  return lines;
}

Deno.test("StreamPort does not log starting and closing if the factory's noisy is false", () => {
  const run = (noisy: boolean): string[] =>
    logged(() => {
      const { port, acceptor } = listen({}, Object.assign(new TestFactory(), { noisy }));
      port.stopListening();
      acceptor.release();
    });
  assertEquals(run(true), [
    "TestFactory starting on 127.0.0.1:2000",
    "(TestFactory on 127.0.0.1:2000 closed)",
  ]);
  assertEquals(run(false), []);
});

Deno.test("UDPPort does not log starting and closing if the protocol's noisy is false", () => {
  const run = (noisy: boolean): string[] =>
    logged(() => {
      const fixture = new DatagramFixture();
      const { port, protocol } = fixture.prepare({}, { port: 1234 });
      protocol.noisy = noisy;
      port.startListening();
      port.stopListening();
      fixture.host.settle();
    });
  assertEquals(run(true), ["Recorder starting on 1234", "(UDP Port 1234 Closed)"]);
  assertEquals(run(false), []);
});
