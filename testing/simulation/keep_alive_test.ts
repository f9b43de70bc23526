import { assertEquals } from "@std/assert";
import { DEFAULT_IDLE, KeepAlive, type ProbedConnection } from "./keep_alive.ts";
import { Schedule, SECOND } from "./schedule.ts";

class Connection implements ProbedConnection {
  readonly schedule = new Schedule();
  readonly probes: number[] = [];
  isTroubled = false;
  isOver = false;
  failedAt = -1;
  readonly keepAlive: KeepAlive;

  constructor(idle: number) {
    this.keepAlive = new KeepAlive(this.schedule, this, idle);
  }

  probe(): void {
    this.probes.push(this.schedule.now / SECOND);
  }

  probesFailed(): void {
    this.failedAt = this.schedule.now / SECOND;
  }

  advanceTo(seconds: number): void {
    this.schedule.advanceTo(seconds * SECOND);
  }
}

Deno.test("KeepAlive sends nine probes of 75 seconds after the idle time, and then fails", () => {
  const connection = new Connection(DEFAULT_IDLE);
  connection.advanceTo(100_000);
  assertEquals(connection.probes, [0, 1, 2, 3, 4, 5, 6, 7, 8].map((n) => 7200 + 75 * n));
  assertEquals([connection.failedAt, connection.schedule.size], [7200 + 9 * 75, 0]);
});

Deno.test("KeepAlive.heard() postpones the first probe, at no cost but one event per idle time", () => {
  const connection = new Connection(10);
  for (let time = 1; time <= 100; time++) {
    connection.advanceTo(time);
    connection.keepAlive.heard();
  }
  assertEquals(connection.schedule.made, 11);
  connection.advanceTo(110);
  assertEquals(connection.probes, [110]);
});

Deno.test("KeepAlive.heard() after a probe waits for the idle time again", () => {
  const connection = new Connection(100);
  connection.advanceTo(100.5);
  connection.keepAlive.heard();
  connection.advanceTo(201);
  assertEquals(connection.probes, [100, 200.5]);
});

Deno.test("KeepAlive sends no probe while the connection waits for other answers", () => {
  const connection = new Connection(10);
  connection.isTroubled = true;
  connection.advanceTo(95);
  connection.isTroubled = false;
  connection.advanceTo(101);
  assertEquals(connection.probes, [100]);
});

Deno.test("KeepAlive.stop() and a crash of the host end the probes", () => {
  const [stopped, crashed] = [new Connection(10), new Connection(10)];
  stopped.keepAlive.stop();
  stopped.keepAlive.stop();
  crashed.isOver = true;
  for (const connection of [stopped, crashed]) {
    connection.advanceTo(1000);
    assertEquals([connection.probes, connection.schedule.size], [[], 0]);
  }
});
