/**
 * An echo server under closed loops: the processor time of the server per message, and the messages
 * per second. Each connection has a number of messages in flight, and sends the next one when one
 * has come back.
 *
 * @module
 */

import {
  BUFFERED,
  C_EPOLL,
  LOOP,
  PEERS,
  type RunningServer,
  RunningServers,
  TORSION,
} from "../echo_servers.ts";
import { LoadGenerator } from "../load_generator.ts";
import { compare, type Options, type Table, TableRecorder } from "../measure.ts";

const LOADS = {
  "1 x 64 B": { connections: 1, size: 64, ahead: 1 },
  "64 x 64 B": { connections: 64, size: 64, ahead: 1 },
  "512 x 1 KiB": { connections: 512, size: 1024, ahead: 1 },
  "16 x 64 KiB": { connections: 16, size: 65536, ahead: 1 },
  "16 x 16 KiB, 64 ahead": { connections: 16, size: 16384, ahead: 64 },
};

/** Measures the table. */
export async function measure(options: Options): Promise<Table> {
  const recorder = new TableRecorder({
    title: "Echo",
    shape: "matrix",
    metrics: {
      cpu: { title: "processor time of the server per message", unit: "µs" },
      perSecond: { title: "messages per second", unit: "/s" },
    },
    references: [LOOP, C_EPOLL],
  }, options);
  const generator = await LoadGenerator.create();
  await using servers = await RunningServers.start(
    [...TORSION, ...BUFFERED, ...PEERS],
    "echo",
    recorder,
  );
  await warmUp(generator, servers.all, options);
  for (const [name, load] of Object.entries(LOADS)) {
    const contenders = servers.all.map((server) => ({
      name: server.name,
      run: () => generator.exchange(server.process, load, options.seconds),
    }));
    await compare(recorder, name, contenders, options.rounds);
  }
  return recorder.finish();
}

/** Lets the compilers of all servers see the load. */
export async function warmUp(
  generator: LoadGenerator,
  servers: readonly RunningServer[],
  { seconds }: Options,
): Promise<void> {
  for (const { process } of servers) {
    await generator.exchange(process, LOADS["64 x 64 B"], seconds / 2);
  }
}
