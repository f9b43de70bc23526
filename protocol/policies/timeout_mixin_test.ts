/**
 * Twisted's `test/test_policies.py`, `TimeoutMixinTests`: all tests are here.
 * `test_setTimeoutCancleAlreadyCancelled` cancels the call of the clock.
 */

import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import type { IDelayedCall } from "../../reactor/interfaces/mod.ts";
import { LoggedErrors } from "../../testing/fixtures/logged_errors.ts";
import { connectedServerAndClient, StringTransport, TestPeer } from "../../testing/mod.ts";
import { Clock } from "../../task/mod.ts";
import {
  Factory,
  LineReceiver,
  NetstringReceiver,
  Protocol,
  StatefulStringProtocol,
  TimeoutMixin,
} from "../mod.ts";

class TimeoutTester extends TimeoutMixin(Protocol) {
  override timeOut: number | null = 3;
  timedOut = false;
  readonly testClock = new Clock();

  override connectionMade(): void {
    this.setTimeout(this.timeOut);
  }

  override dataReceived(): void {
    this.resetTimeout();
  }

  override timeoutConnection(): void {
    this.timedOut = true;
  }

  override callLater(period: number, f: () => void): IDelayedCall {
    return this.testClock.callLater(period, f);
  }
}

function connected(timeOut: number | null = 3): { protocol: TimeoutTester; clock: Clock } {
  const protocol = new TimeoutTester();
  protocol.timeOut = timeOut;
  protocol.makeConnection(new StringTransport());
  return { protocol, clock: protocol.testClock };
}

Deno.test("TimeoutMixin.callLater() can be overridden to use another clock", () => {
  const protocol = new TimeoutTester();
  protocol.setTimeout(10);
  assertEquals(protocol.testClock.getDelayedCalls().length, 1);
});

Deno.test("TimeoutMixin calls timeoutConnection() after timeOut seconds", () => {
  const { protocol, clock } = connected();
  clock.pump([0, 0.5, 1, 1]);
  assertEquals(protocol.timedOut, false);
  clock.pump([0, 1]);
  assertEquals(protocol.timedOut, true);
});

Deno.test("TimeoutMixin.resetTimeout() starts the time again", () => {
  const { protocol, clock } = connected();
  clock.pump([0, 0.5, 1, 1]);
  protocol.dataReceived();
  clock.pump([0, 1, 1, 0.5]);
  assertEquals(protocol.timedOut, false);
  clock.pump([0, 1]);
  assertEquals(protocol.timedOut, true);
  protocol.resetTimeout();
  assertEquals(clock.getDelayedCalls(), []);
});

Deno.test("TimeoutMixin.setTimeout() replaces the former timeout", () => {
  const { protocol, clock } = connected(null);
  protocol.setTimeout(100);
  protocol.setTimeout(1);
  assertEquals(protocol.timeOut, 1);
  clock.pump([0, 0.9]);
  assertEquals(protocol.timedOut, false);
  clock.pump([0, 0.2]);
  assertEquals(protocol.timedOut, true);
});

Deno.test("TimeoutMixin.setTimeout(null) removes the timeout", () => {
  const { protocol, clock } = connected(5);
  protocol.setTimeout(null);
  assertEquals(protocol.timeOut, null);
  clock.pump([0, 5, 5, 5]);
  assertEquals(protocol.timedOut, false);
});

Deno.test("TimeoutMixin.setTimeout() returns the former timeout", () => {
  const protocol = new TimeoutTester();
  protocol.timeOut = 5;
  assertEquals(protocol.setTimeout(10), 5);
  assertEquals(protocol.setTimeout(null), 10);
  assertEquals(protocol.setTimeout(1), null);
  assertEquals(protocol.timeOut, 1);
});

Deno.test("TimeoutMixin accepts that its timed call was cancelled elsewhere", () => {
  const { protocol, clock } = connected();
  clock.getDelayedCalls()[0]?.cancel();
  protocol.resetTimeout();
  protocol.setTimeout(null);
  assertEquals(protocol.timeOut, null);
  protocol.setTimeout(3);
  clock.getDelayedCalls()[0]?.cancel();
  protocol.setTimeout(4);
  clock.advance(4);
  assertEquals(protocol.timedOut, true);
});

/** A receiver with the mixin's defaults. */
class Lines extends TimeoutMixin(LineReceiver) {
  override connectionMade(): void {
    this.setTimeout(10);
  }

  override textReceived(): void {
    this.resetTimeout();
  }
}

Deno.test("TimeoutMixin uses the clock of the connection, and closes it by default", () => {
  using pair = connectedServerAndClient(Lines, TestPeer);
  pair.pump.advance(9);
  pair.client.send("a line\r\n");
  pair.pump.advance(9);
  assertEquals(pair.client.ending, "");
  pair.pump.advance(1);
  assertEquals(pair.client.ending, "closed");
});

Deno.test("TimeoutMixin removes the timeout when the connection is lost", () => {
  using pair = connectedServerAndClient(Lines, TestPeer);
  pair.client.close();
  pair.pump.flush();
  assertEquals([pair.server.timeOut, pair.clock.getDelayedCalls()], [null, []]);
});

Deno.test("TimeoutMixin logs an error of timeoutConnection(), and aborts the connection", () => {
  using errors = new LoggedErrors();
  class Failing extends Lines {
    override timeoutConnection(): void {
      throw new RangeError("boom");
    }
  }
  using pair = connectedServerAndClient(Failing, TestPeer);
  pair.pump.advance(10);
  const [event] = errors.takeEvents();
  assertEquals(event?.why, "Error while calling timeoutConnection for 192.0.2.2:2222");
  assertInstanceOf(pair.serverReason?.cause, RangeError);
});

Deno.test("TimeoutMixin throws without a clock, and for a period that is not a delay", () => {
  const lines = new Lines();
  assertThrows(() => lines.setTimeout(1), Error, "Cannot get the transport of Lines");
  assertThrows(
    () => lines.makeConnection(new StringTransport()),
    Error,
    "Cannot set a timeout of Lines: its transport, of class StringTransport, has no clock, " +
      "and no clock was given; set `clock`",
  );
  const clock = new Clock();
  lines.clock = clock;
  lines.makeConnection(new StringTransport());
  assertThrows(() => lines.setTimeout(-1), RangeError, "setTimeout() period must be zero or more");
  assertEquals([lines.timeOut, clock.getDelayedCalls().length], [10, 1]);
});

class Users extends Factory<User> {
  override protocol = User;
  count = 0;
}

class User extends TimeoutMixin(LineReceiver)<Users> {
  override connectionMade(): void {
    this.setTimeout(10);
    this.factory.count++;
  }

  override connectionLost(reason: Error): void {
    super.connectionLost(reason);
    this.factory.count--;
  }
}

Deno.test("TimeoutMixin keeps the type of the factory", () => {
  const users = new Users();
  {
    using _pair = connectedServerAndClient(users, TestPeer);
    assertEquals(users.count, 1);
  }
  assertEquals(users.count, 0);
});

class TimedStates extends TimeoutMixin(StatefulStringProtocol(NetstringReceiver)) {
  proto_init(): string {
    this.setTimeout(10);
    return "done";
  }
}

class StatesWithTime extends StatefulStringProtocol(TimeoutMixin(NetstringReceiver)) {
  proto_init(): string {
    this.setTimeout(10);
    return "done";
  }
}

Deno.test("TimeoutMixin and StatefulStringProtocol extend each other in both orders", () => {
  for (const states of [TimedStates, StatesWithTime]) {
    using pair = connectedServerAndClient(states, TestPeer);
    pair.client.send("5:hello,");
    pair.pump.flush();
    assertEquals([pair.client.ending, pair.clock.getDelayedCalls()], ["closed", []]);
  }
});
