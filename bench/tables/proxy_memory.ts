/**
 * The memory growth of a forwarder between a fast server and a slow client. Linux only: it reads
 * /proc.
 *
 * `examples/portforward.ts` runs in its own process. The server sends as fast as it can. The client
 * reads nothing until the server stalls, which means that all buffers between them are full; then
 * it reads in bursts, after each of which the server stalls again.
 *
 * @module
 */

import { type Options, type Table, TableRecorder } from "../measure.ts";
import { denoProgram, ServerProcess } from "../server_process.ts";

const MEBIBYTE = 1 << 20;
/** The growth with which the measurement fails, in MiB. */
const LIMIT = 64;
const BURST = 64 * MEBIBYTE;
// A server that has sent nothing for this time has stalled.
const STALL_MS = 100;
const SAMPLE_MS = 10;
const GIBIBYTES_PER_SECOND = 2.5;

/** Neighbouring parts of the pattern differ, because 251 is prime. */
const pattern = Uint8Array.from({ length: MEBIBYTE }, (_, i) => i % 251);

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Sends all bytes as fast as the system accepts them. */
class FastServer {
  readonly #listener: Deno.TcpListener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #total: number;
  /** The number of bytes that the system has accepted. */
  sent = 0;

  constructor(total: number) {
    this.#total = total;
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  async serve(): Promise<void> {
    using conn = await this.#listener.accept();
    this.#listener.close();
    while (this.sent < this.#total) {
      const start = this.sent % pattern.length;
      this.sent += await conn.write(pattern.subarray(start, start + this.#total - this.sent));
    }
    await conn.closeWrite();
    // Waits for the client to close its side.
    while (await conn.read(new Uint8Array(1)) !== null);
  }

  /** Waits until the system accepts no more bytes. */
  async stalled(): Promise<void> {
    for (let before = -1; before !== this.sent && this.sent < this.#total;) {
      before = this.sent;
      await wait(STALL_MS);
    }
  }
}

/**
 * Reads in bursts, and checks the received bytes.
 *
 * @returns The number of times that the server stalled.
 */
async function readSlowly(port: number, server: FastServer, total: number): Promise<number> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const buffer = new Uint8Array(MEBIBYTE);
  let received = 0;
  let stops = 0;
  for (let pauseAt = 0;;) {
    if (received >= pauseAt) {
      await server.stalled();
      stops++;
      pauseAt += BURST;
    }
    const count = await conn.read(buffer);
    if (count === null) break;
    for (const at of [0, count - 1]) {
      if (buffer[at] !== pattern[(received + at) % pattern.length]) {
        throw new Error(`Byte ${received + at} differs from the sent one`);
      }
    }
    received += count;
  }
  if (received !== total) throw new Error(`Only ${received} of ${total} bytes arrived`);
  return stops;
}

/** Measures the table. It fails if the memory grows by more than 64 MiB. */
export async function measure(options: Options): Promise<Table> {
  const recorder = new TableRecorder({
    title: "A forwarder between a fast server and a slow client",
    shape: "matrix",
    metrics: {
      growth: { title: "growth of its memory", unit: "MiB" },
      stalls: { title: "stalls of the server", unit: "" },
    },
    references: [],
  }, options);
  const mebibytes = Math.round(GIBIBYTES_PER_SECOND * 1024 * options.seconds);
  const total = Math.max(2 * BURST, mebibytes * MEBIBYTE);
  const server = new FastServer(total);
  const args = ["127.0.0.1", String(server.port)];
  await using forwarder = await ServerProcess.start(
    denoProgram("../examples/portforward.ts", args),
  );
  await wait(500); // for its memory to settle after the start
  const before = forwarder.residentKiB();
  let most = before;
  const sampling = setInterval(() => most = Math.max(most, forwarder.residentKiB()), SAMPLE_MS);
  const serving = server.serve();
  const stalls = await readSlowly(forwarder.port, server, total);
  await serving;
  clearInterval(sampling);
  const growth = (most - before) / 1024;
  if (growth > LIMIT) {
    throw new Error(`The memory of the forwarder grew by ${growth.toFixed(1)} MiB`);
  }
  recorder.add(`${total / MEBIBYTE} MiB`, "examples/portforward.ts", { growth, stalls });
  return recorder.finish();
}
