import { assert, assertEquals } from "@std/assert";
import { FaultSource } from "./fault_source.ts";
import { Link } from "./link.ts";
import { RandomStream } from "../random_stream.ts";
import { Schedule } from "./schedule.ts";

function makeLink(latency: number | null = 1000): { link: Link; schedule: Schedule } {
  const schedule = new Schedule();
  const source = new FaultSource(new RandomStream("1"), null, () => {});
  return {
    link: new Link(schedule, source.site("a->b"), latency, () => new RandomStream("link")),
    schedule,
  };
}

Deno.test("Link.arrival() is one latency later; within one host it is 10 microseconds", () => {
  const { link, schedule } = makeLink();
  schedule.advanceTo(5);
  assertEquals([link.arrival(1), link.arrival(1_000_000)], [1005, 1005]);
  assertEquals(makeLink(null).link.arrival(1), 10);
});

Deno.test("Link.arrival() with a bandwidth lets packets wait for those before", () => {
  const { link, schedule } = makeLink();
  link.bandwidth = 1000;
  assertEquals([link.arrival(10), link.arrival(10)], [11_000, 21_000]);
  schedule.advanceTo(100_000);
  assertEquals(link.arrival(1), 102_000);
});

Deno.test("Link.isOpen is false until every interruption has ended", () => {
  const { link } = makeLink();
  const [one, other] = [{}, {}];
  link.interrupt(one);
  link.interrupt(one);
  link.interrupt(other);
  link.restore(one);
  assertEquals(link.isOpen, false);
  link.restore(other);
  link.restore(other);
  assert(link.isOpen);
});

Deno.test("Link.clog() delays packets until the latest of its times", () => {
  const { link, schedule } = makeLink();
  link.clog(5000);
  link.clog(3000);
  assertEquals(link.arrival(1), 6000);
  schedule.advanceTo(5500);
  assertEquals(link.arrival(1), 6500);
});

Deno.test("Link.heal() ends interruptions and the clogging", () => {
  const { link } = makeLink();
  link.clog(5000);
  link.interrupt({});
  link.heal();
  assertEquals([link.isOpen, link.arrival(1)], [true, 1000]);
});

Deno.test("Link.arrival() adds a random time up to the jitter", () => {
  const { link } = makeLink();
  link.jitter = 300;
  const arrivals = Array.from({ length: 200 }, () => link.arrival(1));
  assert(arrivals.every((time) => time >= 1000 && time <= 1300));
  assert(new Set(arrivals).size > 100);
});
