/**
 * The processor time of an echo server per message, at the same rate on few and many connections:
 * 10,000 messages of 64 bytes per second in total. A closed loop would have more messages in flight
 * on more connections, so that a turn of the server's loop would handle more of them.
 *
 * @module
 */

import { C_EPOLL, LOOP, PEERS, RunningServers, TORSION } from "../echo_servers.ts";
import { LoadGenerator } from "../load_generator.ts";
import { compare, type Options, type Table, TableRecorder } from "../measure.ts";
import { warmUp } from "./echo.ts";

const COUNTS = [1, 10, 100, 1000, 10_000];
const LOAD = { size: 64, perSecond: 10_000 };

/** Measures the table. */
export async function measure(options: Options): Promise<Table> {
  const recorder = new TableRecorder({
    title: "Growth: processor time of an echo server per message, by connections",
    shape: "matrix",
    metrics: { cpu: { title: "processor time of the server per message", unit: "µs" } },
    references: [LOOP, C_EPOLL],
    comparesLoads: true,
  }, options);
  const generator = await LoadGenerator.create();
  await using servers = await RunningServers.start([...TORSION, ...PEERS], "echo", recorder);
  await warmUp(generator, servers.all, options);
  // There are many measurements; each has thousands of messages.
  const seconds = options.seconds / 2;
  for (const connections of COUNTS.filter((count) => count <= options.connections)) {
    const contenders = servers.all.map(({ name, process }) => ({
      name,
      async run(): Promise<Record<string, number>> {
        const { cpu = NaN } = await generator.rate(
          process,
          { ...LOAD, connections },
          seconds,
        );
        return { cpu };
      },
    }));
    await compare(recorder, connections.toLocaleString("en"), contenders, options.rounds);
  }
  return recorder.finish();
}
