/**
 * A server that greets each connection and closes it, with 32 clients at a time.
 *
 * @module
 */

import { C_EPOLL, LOOP, PEERS, RunningServers, TORSION } from "../echo_servers.ts";
import { LoadGenerator } from "../load_generator.ts";
import { compare, type Options, type Table, TableRecorder } from "../measure.ts";

const CLIENTS = 32;

/** Measures the table. */
export async function measure(options: Options): Promise<Table> {
  const recorder = new TableRecorder({
    title: "Connections that are greeted and closed",
    shape: "matrix",
    metrics: {
      perSecond: { title: "connections per second", unit: "/s" },
      cpu: { title: "processor time per connection", unit: "µs" },
    },
    references: [LOOP, C_EPOLL],
  }, options);
  const generator = await LoadGenerator.create();
  await using servers = await RunningServers.start([...TORSION, ...PEERS], "hello", recorder);
  const contenders = servers.all.map(({ name, process }) => ({
    name,
    run: () => generator.greet(process, CLIENTS, options.seconds),
  }));
  // The first round warms up the compilers.
  await compare(recorder, "32 clients", contenders, options.rounds, 1);
  return recorder.finish();
}
