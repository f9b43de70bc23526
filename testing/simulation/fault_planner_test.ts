import { assert, assertEquals } from "@std/assert";
import { type FaultRates, formatFault, type TimedFault, type TimedKind } from "./faults.ts";
import { FaultPlanner } from "./fault_planner.ts";
import { FaultSource } from "./fault_source.ts";
import { RandomStream } from "../random_stream.ts";
import { Schedule, SECOND } from "./schedule.ts";

/** A planner over a network that records what begins and ends. */
class PlannerFixture {
  readonly schedule = new Schedule();
  readonly source: FaultSource;
  readonly planner: FaultPlanner;
  readonly events: string[] = [];
  readonly notes: string[] = [];
  hosts = ["a", "b", "c"];
  obstacle: string | null = null;

  constructor(script: readonly string[] | null = null, seed = "1") {
    const random = new RandomStream(seed);
    this.source = new FaultSource(random, script, () => {});
    this.planner = new FaultPlanner(this.schedule, this.source, random.fork("plan"), {
      candidates: () => this.hosts,
      obstacle: () => this.obstacle,
      note: (text) => void this.notes.push(text),
      begin: (fault) => this.#record("begins", fault),
      end: (fault) => this.#record("ends", fault),
    });
  }

  setRates(rates: FaultRates): void {
    this.source.setRates(rates);
    this.planner.update();
  }

  get faults(): TimedFault[] {
    return this.source.faults.filter((fault): fault is TimedFault => "hosts" in fault);
  }

  #record(what: string, fault: TimedFault): void {
    this.events.push(`${this.schedule.now} ${what} ${formatFault(fault)}`);
  }
}

Deno.test("FaultPlanner draws as many faults as the rates say, each with its own hosts", () => {
  const fixture = new PlannerFixture();
  fixture.setRates({ crash: 6, partition: 30, "one-way partition": 2 });
  fixture.schedule.advanceTo(6000 * SECOND);
  const count = (kind: TimedKind) => fixture.faults.filter((fault) => fault.kind === kind).length;
  assert(Math.abs(count("crash") - 600) < 100, String(count("crash")));
  assert(Math.abs(count("partition") - 3000) < 250, String(count("partition")));
  assert(Math.abs(count("one-way partition") - 200) < 60);
  for (const { kind, hosts, from, at, until } of fixture.faults) {
    assert(at < until && until - at <= 20 * SECOND);
    const concerned = [...hosts, ...from].toSorted().join();
    assert(kind === "crash" ? /^[abc]$/.test(concerned) : concerned === "a,b,c", concerned);
  }
});

Deno.test("FaultPlanner begins and ends each fault at its times", () => {
  const fixture = new PlannerFixture(["kill a 1 s to 2.5 s", "partition a | b 2 s to 3 s"]);
  fixture.schedule.advanceTo(10 * SECOND);
  assertEquals(fixture.events, [
    "1000000 begins kill a 1 s to 2.5 s",
    "2000000 begins partition a | b 2 s to 3 s",
    "2500000 ends kill a 1 s to 2.5 s",
    "3000000 ends partition a | b 2 s to 3 s",
  ]);
  assertEquals(fixture.source.unused, []);
});

Deno.test("FaultPlanner with a script of its own faults begins and ends the same, in order", () => {
  const drawn = new PlannerFixture();
  drawn.setRates({ crash: 20, pause: 20, clog: 20, partition: 20, kill: 20 });
  drawn.schedule.advanceTo(300 * SECOND);
  const scripted = new PlannerFixture(drawn.faults.map(formatFault));
  scripted.schedule.advanceTo(300 * SECOND);
  assert(drawn.events.length > 300);
  assertEquals(scripted.events, drawn.events);
});

Deno.test("FaultPlanner begins a fault before the other events of its time", () => {
  const fixture = new PlannerFixture(["kill a 1 s to 2 s"]);
  for (const time of [1, 2]) {
    fixture.schedule.at(time * SECOND, () => fixture.events.push(`${time * SECOND} event`));
  }
  fixture.schedule.advanceTo(3 * SECOND);
  assertEquals(fixture.events.map((event) => event.split(" ").slice(0, 2).join(" ")), [
    "1000000 begins",
    "1000000 event",
    "2000000 ends",
    "2000000 event",
  ]);
});

Deno.test("FaultPlanner does not begin a fault with an obstacle, and notes the reason", () => {
  const fixture = new PlannerFixture(["kill zoe 1 s to 2 s"]);
  fixture.obstacle = "there is no host zoe";
  fixture.schedule.advanceTo(3 * SECOND);
  assertEquals([fixture.events, fixture.source.faults], [[], []]);
  assertEquals(fixture.notes, ["fault: not kill zoe 1 s to 2 s: there is no host zoe"]);
  assertEquals(fixture.source.unused.length, 1);
});

Deno.test("FaultPlanner does not begin a fault whose rate has become 0, or after the healing", () => {
  const drawn = new PlannerFixture();
  drawn.setRates({ crash: 60 });
  drawn.schedule.advanceTo(SECOND);
  drawn.setRates({});
  drawn.schedule.advanceTo(100 * SECOND);
  const scripted = new PlannerFixture(["kill a 1 s to 2 s", "kill a 5 s to 6 s"]);
  scripted.schedule.advanceTo(4 * SECOND);
  scripted.source.isSilent = true;
  scripted.schedule.advanceTo(100 * SECOND);
  assertEquals([drawn.events.length, scripted.events.length], [0, 2]);
});

Deno.test("FaultPlanner draws no partition of one host, and nothing without hosts", () => {
  const fixture = new PlannerFixture();
  fixture.hosts = ["a"];
  fixture.setRates({ partition: 60 });
  fixture.schedule.advanceTo(100 * SECOND);
  fixture.hosts = [];
  fixture.setRates({ crash: 60 });
  fixture.schedule.advanceTo(200 * SECOND);
  assertEquals(fixture.faults, []);
});

Deno.test("FaultPlanner.update() draws once a second, however often it is called", () => {
  const fixture = new PlannerFixture();
  for (let i = 0; i < 10; i++) fixture.setRates({ clog: 60 });
  fixture.schedule.advanceTo(10 * SECOND - 1);
  assertEquals(fixture.faults.length + fixture.schedule.size > 0, true);
  assert(fixture.faults.length <= 9);
});

Deno.test("FaultPlanner draws in the background, and not at all without rates", () => {
  const fixture = new PlannerFixture();
  fixture.setRates({ crash: 0.001 });
  assertEquals([fixture.schedule.size, fixture.schedule.next], [0, SECOND]);
  const idle = new PlannerFixture();
  idle.setRates({ loss: 1 });
  assertEquals(idle.schedule.next, Infinity);
});
