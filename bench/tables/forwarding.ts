/**
 * The processor time that a port forwarder takes for each MiB over loopback: that of this library,
 * one whose protocols look at each chunk, and a loop that people write on `Deno.listen`.
 *
 * @module
 */

import { LOOP } from "../echo_servers.ts";
import { compare, type Options, type Table, TableRecorder } from "../measure.ts";
import { denoProgram, ServerProcess } from "../server_process.ts";

const HOSTNAME = "127.0.0.1";
const MEBIBYTE = 1 << 20;
const MEBIBYTES_PER_SECOND = 640;
const CONNECTIONS = [1, 16];
const data = new Uint8Array(65536).fill(120);

/** The forwarders, by name, with their arguments. */
const FORWARDERS: Record<string, string[]> = {
  "ProxyFactory": [],
  "ProxyFactory, looking at each chunk": ["chunks"],
  [LOOP]: ["hand"],
};

/** Measures the table. */
export async function measure(options: Options): Promise<Table> {
  const recorder = new TableRecorder({
    title: "A forwarder",
    shape: "matrix",
    metrics: { cpu: { title: "processor time of the forwarder per MiB", unit: "µs" } },
    references: [LOOP],
  }, options);
  const mebibytes = Math.ceil(MEBIBYTES_PER_SECOND * options.seconds);
  for (const count of CONNECTIONS) await measureLoad(recorder, options, count, mebibytes);
  return recorder.finish();
}

/** Measures all forwarders with a number of connections, over which all bytes are spread. */
async function measureLoad(
  recorder: TableRecorder,
  { rounds }: Options,
  count: number,
  mebibytes: number,
): Promise<void> {
  const size = mebibytes * MEBIBYTE / count;
  const listener = Deno.listen({ hostname: HOSTNAME, port: 0 });
  const serving = serve(listener, size);
  {
    await using stack = new AsyncDisposableStack();
    const contenders = [];
    for (const [name, args] of Object.entries(FORWARDERS)) {
      const program = denoProgram("servers/forwarder.ts", [`${listener.addr.port}`, ...args]);
      const forwarder = stack.use(await ServerProcess.start(program));
      contenders.push({
        name,
        run: async () => ({ cpu: await secondsOf(forwarder, count, size) / mebibytes * 1e6 }),
      });
    }
    // The first round warms up the compilers.
    await compare(
      recorder,
      count === 1 ? "1 connection" : `${count} connections`,
      contenders,
      rounds,
      1,
    );
  }
  listener.close();
  await serving;
}

/** Sends `size` bytes to each connection, as fast as the system accepts them. */
async function serve(listener: Deno.Listener, size: number): Promise<void> {
  for await (const conn of listener) {
    send(conn, size).catch((error: unknown) => console.error("connection lost:", error));
  }
}

async function send(conn: Deno.Conn, size: number): Promise<void> {
  using _closed = conn;
  for (let left = size; left > 0;) left -= await conn.write(data.subarray(0, left));
  await conn.closeWrite();
  // Waits for the client to close its side.
  while (await conn.read(new Uint8Array(1)) !== null);
}

async function receive(port: number, size: number): Promise<void> {
  using conn = await Deno.connect({ hostname: HOSTNAME, port });
  const buffer = new Uint8Array(262144);
  let received = 0;
  for (let read = await conn.read(buffer); read !== null; read = await conn.read(buffer)) {
    received += read;
  }
  if (received !== size) throw new Error(`Only ${received} of ${size} bytes arrived`);
}

/** Returns the forwarder's processor time for a transfer, in seconds. */
async function secondsOf(forwarder: ServerProcess, count: number, size: number): Promise<number> {
  const before = forwarder.cpuSeconds();
  await Promise.all(Array.from({ length: count }, () => receive(forwarder.port, size)));
  return forwarder.cpuSeconds() - before;
}
