import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Protocol, StreamProtocol } from "../protocol/mod.ts";
import { Clock, LoopingCall } from "../task/mod.ts";
import { checkClean, connectedServerAndClient, IOPump, TestPeer } from "./mod.ts";

/** Sends back what it receives. */
class Echo extends Protocol {
  override dataReceived(data: Uint8Array): void {
    this.transport.write(data);
  }
}

/** Sends back what it receives, and starts by itself, so that two of them never stop. */
class Endless extends Echo {
  override connectionMade(): void {
    this.transport.write("x");
  }
}

Deno.test(
  "IOPump.pump() runs each pending read and write once",
  checkClean(() => {
    using pair = connectedServerAndClient(Echo, TestPeer, { chunkSize: 1 });
    const { client, pump } = pair;
    client.send("abc");
    const texts: string[] = [];
    while (pump.pump()) texts.push(client.text);
    assertEquals([...new Set(texts)], ["", "a", "ab", "abc"]);
    assertEquals(pump.pump(), false);
  }),
);

Deno.test(
  "IOPump.pump() makes the timed calls that are due",
  checkClean(() => {
    using pair = connectedServerAndClient(Protocol, TestPeer);
    pair.clock.callLater(0, () => pair.serverTransport.write("now"));
    pair.clock.callLater(1, () => pair.serverTransport.write(", later"));
    pair.pump.flush();
    assertEquals(pair.client.text, "now");
    pair.clock.advance(1);
    assertEquals(pair.client.text, "now");
    pair.pump.flush();
    assertEquals(pair.client.text, "now, later");
  }),
);

Deno.test(
  "IOPump.flush() returns whether anything was pending",
  checkClean(() => {
    const pump = new IOPump();
    assertEquals(pump.flush(), false);
    using pair = connectedServerAndClient(Echo, TestPeer, { pump });
    assertEquals(pump.flush(), false);
    pair.client.send("x");
    assertEquals([pump.flush(), pump.flush()], [true, false]);
  }),
);

Deno.test(
  "IOPump.flush() throws and names the connections that never become idle",
  checkClean(() => {
    using pair = connectedServerAndClient(Endless, Echo, { greet: false });
    const error = assertThrows(() => pair.pump.flush(100), Error);
    assertEquals(
      error.message,
      "Cannot flush the connections: they are not idle after 100 rounds. " +
        "Open are: connection from 192.0.2.2:2222, connection to 192.0.2.1:1111",
    );
  }),
);

Deno.test("IOPump refuses a limit that is not a positive integer", async () => {
  const pump = new IOPump();
  for (const rounds of [0, 1.5, NaN, Infinity]) {
    assertThrows(() => pump.flush(rounds), RangeError, "flush() maxRounds must be an integer");
    await assertRejects(() => pump.pumpUntilIdle(rounds), RangeError, "pumpUntilIdle() maxRounds");
  }
});

Deno.test(
  "IOPump.pump() throws within a call of a protocol",
  checkClean(() => {
    const errors: unknown[] = [];
    class Pumping extends Protocol {
      override dataReceived(): void {
        try {
          pair.pump.flush();
        } catch (error) {
          errors.push(error);
        }
      }
    }
    using pair = connectedServerAndClient(Pumping, TestPeer);
    pair.client.send("x");
    pair.pump.flush();
    assertEquals(errors.map(String), ["Error: Cannot run the pump: it is running already"]);
  }),
);

Deno.test(
  "IOPump.pump() throws the error of a timed call, and can run again",
  checkClean(() => {
    const pump = new IOPump();
    pump.clock.callLater(0, () => {
      throw new RangeError("in a call");
    });
    assertThrows(() => pump.flush(), RangeError, "in a call");
    assertEquals(pump.flush(), false);
  }),
);

Deno.test(
  "IOPump.advance() delivers what each timed call sends before the next one",
  checkClean(() => {
    using pair = connectedServerAndClient(Protocol, TestPeer);
    const { client, clock, pump, serverTransport } = pair;
    const seen: string[] = [];
    const loop = new LoopingCall(() => {
      seen.push(`${clock.seconds()} ${client.text}`);
      serverTransport.write(".");
    });
    loop.clock = clock;
    loop.start(10);
    pump.advance(25);
    assertEquals(seen, ["0 ", "10 .", "20 .."]);
    assertEquals([clock.seconds(), client.text], [25, "..."]);
    loop.stop();
  }),
);

Deno.test(
  "IOPump.advance() makes calls whose times have no exact binary fraction",
  checkClean(() => {
    const pump = new IOPump();
    let calls = 0;
    for (let i = 1; i <= 100; i++) pump.clock.callLater(i / 10 + 0.00000005, () => calls++);
    for (let i = 1; i <= 100; i++) pump.advance(0.1);
    pump.advance(0.1);
    assertEquals(calls, 100);
    assertThrows(() => pump.advance(-1), RangeError, "advance() seconds");
  }),
);

Deno.test(
  "IOPump.pumpUntilIdle() waits for promises, and for what they send",
  checkClean(async () => {
    class Slow extends Protocol {
      override async dataReceived(data: Uint8Array): Promise<void> {
        for (let i = 0; i < 200; i++) await null;
        this.transport.write(data);
      }
    }
    using pair = connectedServerAndClient(Slow, TestPeer, { chunkSize: 1 });
    pair.client.send("abc");
    pair.pump.flush();
    assertEquals(pair.client.text, "");
    await pair.pump.pumpUntilIdle();
    assertEquals(pair.client.text, "abc");
  }),
);

Deno.test(
  "IOPump.pumpUntilIdle() moves the streams of a StreamProtocol, also in faked time",
  checkClean(async () => {
    using _time = new FakeTime();
    using pair = connectedServerAndClient(() => new StreamProtocol(), TestPeer, { capacity: 3 });
    const { readable, writable } = pair.server;
    const piped = readable.pipeTo(writable);
    pair.client.send("a longer text");
    pair.client.closeWrite();
    await pair.pump.pumpUntilIdle();
    await piped;
    assertEquals([pair.client.text, pair.client.ending], ["a longer text", "closed"]);
  }),
);

Deno.test(
  "IOPump.pumpUntilIdle() throws if the connections never become idle",
  checkClean(async () => {
    class EndlessAsync extends Endless {
      override async dataReceived(data: Uint8Array): Promise<void> {
        await null;
        this.transport.write(data);
      }
    }
    using pair = connectedServerAndClient(EndlessAsync, EndlessAsync);
    await assertRejects(() => pair.pump.pumpUntilIdle(20), Error, "not idle after 20 rounds");
  }),
);

Deno.test("IOPump uses the clock that it is given", () => {
  const clock = new Clock();
  assert(new IOPump({ clock }).clock === clock);
});
