/**
 * Measures the server's processor time per unit of work over loopback, compared with a loop written
 * by hand: round trips of an echo, echoed messages of a connection that sends ahead, and
 * connections that are greeted and closed.
 *
 * All servers run at the same time, each in its own process, and receive the same load in turn. The
 * result is the median of the ratios. Processor time varies less than wall time, and is the cost of
 * a server. Linux only.
 *
 * Usage: `deno run -A bench/echo.ts [ROUNDS] [SECONDS]`
 *
 * @module
 */

import { median, ServerProcess } from "./server_process.ts";

const [rounds = 5, seconds = 1] = Deno.args.map(Number);

/** Loads a server until the time is over, and returns the number of units. */
type Client = (port: number, end: number) => Promise<number>;

/** A server under test: the program, its flags of Deno, and its arguments. */
interface Server {
  readonly file: string;
  readonly flags?: string[];
  readonly args?: string[];
}

interface Load {
  readonly name: string;
  readonly connections: number;
  readonly client: Client;
  /** The server written by hand first, and then those on the library. */
  readonly servers: Record<string, Server>;
}

const HAND = "echo_by_hand.ts";
const DENO = "echo_server.ts";
const EPOLL = { file: "echo_server_epoll.ts", flags: ["--allow-ffi"] };

const ECHO: Record<string, Server> = {
  "by hand": { file: HAND },
  "dataReceived": { file: DENO },
  "bufferUpdated": { file: DENO, args: ["buffered"] },
  "epoll": EPOLL,
  "epoll, bufferUpdated": { ...EPOLL, args: ["buffered"] },
};

const HELLO: Record<string, Server> = {
  "by hand": { file: HAND, args: ["hello"] },
  "connectionMade": { file: DENO, args: ["hello"] },
  "epoll": { ...EPOLL, args: ["hello"] },
};

const echo = (connections: number, size: number): Load => ({
  name: `${connections} x ${size} B`,
  connections,
  client: (port, end) => exchange(port, size, 1, end),
  servers: ECHO,
});

const LOADS: readonly Load[] = [
  echo(1, 64),
  echo(64, 64),
  echo(512, 1024),
  echo(16, 65536),
  {
    name: "16 x 16 KiB ahead",
    connections: 16,
    client: (port, end) => exchange(port, 16384, 64, end),
    servers: ECHO,
  },
  { name: "hello and close", connections: 32, client: greeted, servers: HELLO },
];

/**
 * Sends messages and receives their echoes, with up to `ahead` messages in flight.
 *
 * @returns The number of messages that came back.
 */
async function exchange(port: number, size: number, ahead: number, end: number): Promise<number> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  conn.setNoDelay(true);
  const message = new Uint8Array(size).fill(120);
  const buffer = new Uint8Array(Math.max(size, 1024));
  let [sent, received] = [0, 0];
  let isSending = false;
  const send = async (): Promise<void> => {
    if (isSending) return;
    isSending = true;
    while (sent - received < size * ahead && (sent % size > 0 || performance.now() < end)) {
      sent += await conn.write(message.subarray(sent % size));
    }
    isSending = false;
  };
  let sending = send();
  // At the end, the messages in flight still come back.
  while (performance.now() < end || received < sent) {
    const read = await conn.read(buffer);
    if (read === null) throw new Error(`the server closed after ${received} bytes`);
    received += read;
    if (ahead > 1 || received === sent) sending = send();
  }
  await sending;
  return received / size;
}

/** Connects and reads until the server closes, again and again. Returns the connections. */
async function greeted(port: number, end: number): Promise<number> {
  const buffer = new Uint8Array(64);
  let count = 0;
  for (; performance.now() < end; count++) {
    using conn = await Deno.connect({ hostname: "127.0.0.1", port });
    while (await conn.read(buffer) !== null);
  }
  return count;
}

/** Returns the server's processor time per unit, in microseconds. */
async function measure(server: ServerProcess, { connections, client }: Load): Promise<number> {
  const before = server.cpuSeconds();
  const end = performance.now() + seconds * 1000;
  const clients = Array.from({ length: connections }, () => client(server.port, end));
  const units = (await Promise.all(clients)).reduce((sum, count) => sum + count, 0);
  return (server.cpuSeconds() - before) / units * 1e6;
}

/** Starts the servers of a load, measures them in turn, and prints a line for each. */
async function compare(load: Load): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const servers: { name: string; process: ServerProcess; times: number[] }[] = [];
  for (const [name, { file, flags, args }] of Object.entries(load.servers)) {
    const process = stack.use(await ServerProcess.start(file, flags, args));
    servers.push({ name, process, times: [] });
  }
  // The first round is a warm-up.
  for (let round = 0; round <= rounds; round++) {
    for (const { process, times } of servers) {
      const time = await measure(process, load);
      if (round > 0) times.push(time);
    }
  }
  const [hand, ...others] = servers;
  const byHand = hand?.times ?? [];
  const ratios = others.map(({ name, times }) => {
    const ratio = median(times.map((time, i) => time / (byHand[i] ?? NaN)));
    return `${name} ${ratio.toFixed(2)} times that`;
  });
  console.log(
    `${load.name.padEnd(18)} by hand ${median(byHand).toFixed(2)} us, ${ratios.join(", ")}`,
  );
}

console.log(`processor time of the server per unit, median of ${rounds} rounds`);
for (const load of LOADS) await compare(load);
