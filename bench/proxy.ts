/**
 * Measures the processor time that a port forwarder takes for a transfer over loopback, compared
 * with a loop written by hand, and with a forwarder whose protocols look at each chunk.
 *
 * The forwarders run at the same time, each in its own process, and forward the same bytes in turn.
 * The result is the median of the ratios. Linux only.
 *
 * Usage: `deno run -A bench/proxy.ts [ROUNDS] [MEBIBYTES]`
 *
 * @module
 */

import { median, ServerProcess } from "./server_process.ts";

const [rounds = 9, mebibytes = 512] = Deno.args.map(Number);
const HOSTNAME = "127.0.0.1";
const data = new Uint8Array(65536).fill(120);

/** The forwarder written by hand first, and then those on the library. */
const FORWARDERS: Record<string, string[]> = {
  "by hand": ["hand"],
  "ProxyFactory": [],
  "ProxyFactory, looking at each chunk": ["chunks"],
};
const CONNECTIONS = [1, 16];

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

/** Returns the forwarder's processor time in seconds. */
async function measure(forwarder: ServerProcess, count: number, size: number): Promise<number> {
  const before = forwarder.cpuSeconds();
  await Promise.all(Array.from({ length: count }, () => receive(forwarder.port, size)));
  return forwarder.cpuSeconds() - before;
}

async function compare(count: number): Promise<void> {
  const size = mebibytes * 1048576 / count;
  const listener = Deno.listen({ hostname: HOSTNAME, port: 0 });
  const serving = serve(listener, size);
  await using stack = new AsyncDisposableStack();
  const forwarders: { name: string; process: ServerProcess; times: number[] }[] = [];
  for (const [name, args] of Object.entries(FORWARDERS)) {
    const toPort = `${listener.addr.port}`;
    const process = stack.use(
      await ServerProcess.start("proxy_server.ts", [], [toPort, ...args]),
    );
    forwarders.push({ name, process, times: [] });
  }
  // The first round is a warm-up.
  for (let round = 0; round <= rounds; round++) {
    for (const { process, times } of forwarders) {
      const time = await measure(process, count, size);
      if (round > 0) times.push(time);
    }
  }
  const byHand = forwarders[0]?.times ?? [];
  for (const { name, times } of forwarders) {
    const ratio = median(times.map((time, i) => time / (byHand[i] ?? NaN)));
    const each = median(times) / mebibytes * 1e6;
    console.log(
      `${count} x ${mebibytes / count} MiB, ${name}: ${each.toFixed(0)} us for each MiB, ` +
        `${ratio.toFixed(2)} times the loop by hand`,
    );
  }
  listener.close();
  await serving;
}

for (const count of CONNECTIONS) await compare(count);
