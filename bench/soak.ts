/**
 * Checks that closed connections leave nothing behind: opens and closes many over each stream
 * transport, and measures the heap.
 *
 * Each round opens connections, sends a line each way, and closes them in one of four ways in turn.
 * After a warm-up and a garbage collection the heap is measured. After the same number of rounds it
 * must not have grown by more than 64 bytes per connection, and no more files may be open.
 *
 * Usage: `deno run -A --v8-flags=--expose-gc bench/soak.ts [CONNECTIONS] [REACTOR]`, where
 * `REACTOR` is `deno` (the default) or `epoll`.
 *
 * @module
 */

import {
  type Address,
  connectProtocol,
  Factory,
  type IListeningPort,
  type IStreamClientEndpoint,
  Protocol,
  TCP4ClientEndpoint,
  TLSClientEndpoint,
  UNIXClientEndpoint,
} from "../mod.ts";
import { addObserver } from "../log/mod.ts";
import { TestAuthority } from "../testing/fixtures/certificates.ts";
import { HOST_REACTORS, reactorOf } from "./host_reactors.ts";

const AT_A_TIME = 50;
const LIMIT_BYTES = 64;
const connections = Number(Deno.args[0] ?? 4000);
const reactorName = Deno.args[1] ?? "deno";
if (!(connections > 0) || !HOST_REACTORS.includes(reactorName)) {
  console.error(`usage: deno task soak [CONNECTIONS] [${HOST_REACTORS.join("|")}]`);
  Deno.exit(2);
}
const reactor = reactorOf(reactorName);

/** Sends received bytes back. */
class Echo extends Protocol {
  override dataReceived(data: Uint8Array): void {
    this.transport.write(data);
  }
}

/** Sends a line, and closes when it has come back. */
class Client extends Protocol {
  readonly lost = Promise.withResolvers<void>();
  readonly #end: (client: Client) => void;

  constructor(end: (client: Client) => void) {
    super();
    this.#end = end;
  }

  override connectionMade(): void {
    this.transport.write("hello\n");
  }

  override dataReceived(): void {
    this.#end(this);
  }

  override connectionLost(): void {
    this.lost.resolve();
  }
}

const ENDS: ((client: Client) => void)[] = [
  ({ transport }) => transport.loseConnection(),
  ({ transport }) => transport.abortConnection(),
  ({ transport }) => transport.loseWriteConnection(),
  ({ transport }) => {
    throw new RangeError(`planned, with ${transport.getPeer()}`);
  },
];

/** A stream transport under test: its port, and the endpoint that connects to it. */
interface Kind {
  listen(): IListeningPort;
  client(to: Address): IStreamClientEndpoint;
}

// Without an observer, the planned errors would be printed to standard error.
addObserver(() => {});
const running = reactor.run();
const folder = await Deno.makeTempDir();
const authority = await TestAuthority.make();
const certificate = await authority.issue();
const factory = Factory.forProtocol(Echo);
const portOf = (address: Address): number => "port" in address ? Number(address.port) : 0;
const LOOPBACK = { interface: "127.0.0.1" };
const trust = { caCerts: [authority.cert] };

const KINDS: Record<string, Kind> = {
  TCP: {
    listen: () => reactor.listenTCP(0, factory, LOOPBACK),
    client: (to) => new TCP4ClientEndpoint(reactor, "127.0.0.1", portOf(to)),
  },
  "TCP by node:net": {
    listen: () => reactor.listenTCP(0, factory, { ...LOOPBACK, resetOnAbort: true }),
    client: (to) =>
      new TCP4ClientEndpoint(reactor, "127.0.0.1", portOf(to), { resetOnAbort: true }),
  },
  UNIX: {
    listen: () => reactor.listenUNIX(`${folder}/soak`, factory),
    client: () => new UNIXClientEndpoint(reactor, `${folder}/soak`),
  },
  TLS: {
    listen: () => reactor.listenTLS(0, factory, { ...LOOPBACK, ...certificate }),
    client: (to) => new TLSClientEndpoint(reactor, "127.0.0.1", portOf(to), trust),
  },
};

async function connectAll(endpoint: IStreamClientEndpoint, count: number): Promise<void> {
  for (let made = 0; made < count; made += AT_A_TIME) {
    await Promise.all(Array.from({ length: AT_A_TIME }, async (_, i) => {
      const client = new Client(ENDS[i % ENDS.length] ?? (() => {}));
      await connectProtocol(endpoint, client);
      await client.lost.promise;
    }));
  }
}

/** Returns the heap size after garbage collection, and the number of open files. */
async function measured(): Promise<{ bytes: number; files: number }> {
  const { gc } = globalThis as { gc?: () => void }; // exists with --expose-gc, without a type
  if (gc === undefined) throw new Error("Cannot collect garbage: run with --v8-flags=--expose-gc");
  for (let i = 0; i < 5; i++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    gc();
  }
  const files = (await Array.fromAsync(Deno.readDir("/proc/self/fd"))).length;
  return { bytes: Deno.memoryUsage().heapUsed, files };
}

for (const [name, kind] of Object.entries(KINDS)) {
  const port = kind.listen();
  const endpoint = kind.client(port.getHost());
  await connectAll(endpoint, connections);
  const before = await measured();
  await connectAll(endpoint, connections);
  const after = await measured();
  const grown = (after.bytes - before.bytes) / connections;
  const files = after.files - before.files;
  console.log(
    `${connections} connections over ${name}: ${
      grown.toFixed(1)
    } heap bytes left per connection (limit ${LIMIT_BYTES}), ${files} files`,
  );
  if (grown > LIMIT_BYTES || files > 0) Deno.exitCode = 1;
  await port.stopListening();
}
reactor.stop();
await running;
await Deno.remove(folder, { recursive: true });
