/**
 * The latency of an echo server at a fixed rate: 64 connections send a total of 10,000 messages of
 * 64 bytes per second. Each message is sent when it is due, whether or not earlier answers have
 * come, and its latency counts from then.
 *
 * @module
 */

import { C_EPOLL, LOOP, PEERS, RunningServers, TORSION } from "../echo_servers.ts";
import { LoadGenerator } from "../load_generator.ts";
import { compare, type Options, type Table, TableRecorder } from "../measure.ts";
import { warmUp } from "./echo.ts";

const LOAD = { connections: 64, size: 64, perSecond: 10_000 };

/** Measures the table. */
export async function measure(options: Options): Promise<Table> {
  const recorder = new TableRecorder({
    title: "Latency of an echo at 10,000 messages of 64 B per second",
    shape: "matrix",
    metrics: {
      p50: { title: "p50", unit: "µs" },
      p99: { title: "p99", unit: "µs" },
      p999: { title: "p99.9", unit: "µs" },
      cpu: { title: "processor time per message", unit: "µs" },
    },
    references: [LOOP, C_EPOLL],
  }, options);
  const generator = await LoadGenerator.create();
  await using servers = await RunningServers.start([...TORSION, ...PEERS], "echo", recorder);
  await warmUp(generator, servers.all, options);
  const contenders = servers.all.map(({ name, process }) => ({
    name,
    async run(): Promise<Record<string, number>> {
      // A thousandth of the messages must be several.
      const { max: _worst, perSecond: _fixed, ...values } = await generator.rate(
        process,
        LOAD,
        2 * options.seconds,
      );
      return values;
    },
  }));
  await compare(recorder, "64 x 64 B", contenders, options.rounds);
  return recorder.finish();
}
