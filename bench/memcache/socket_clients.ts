/**
 * Clients of a memcached server: the client of this library, and those of other packages.
 *
 * @module
 */

import { MemcacheClient } from "memcache-client";
import memjs from "memjs";
import { connectProtocol, TCP4ClientEndpoint } from "../../endpoints/mod.ts";
import { MemCacheProtocol } from "../../protocol/memcache/mod.ts";
import { DenoReactor } from "../../reactor/mod.ts";

/** A client that is connected. */
export interface SocketClient {
  readonly name: string;
  set(key: string, value: string): PromiseLike<unknown>;
  get(key: string): PromiseLike<{ readonly length: number } | null | undefined>;
}

/** Clients of one server. */
export interface SocketClients extends AsyncDisposable {
  /** The client of this library. */
  readonly ours: SocketClient;
  /** The others. */
  readonly others: readonly SocketClient[];
}

/** Starts a server, and connects all clients to it. */
export async function clientsOf(): Promise<SocketClients> {
  const port = freePort();
  const server = new Deno.Command("memcached", {
    args: ["-u", "root", "-l", "127.0.0.1", "-p", `${port}`],
  }).spawn();
  const reactor = new DenoReactor();
  const running = reactor.run({ installSignalHandlers: false });
  const others = [memcacheClient(port), memjsClient(port)];
  const close = async (): Promise<void> => {
    for (const client of others) client.close();
    reactor.stop();
    await running;
    server.kill();
    await server.status;
  };
  try {
    await whenListening(port);
    const endpoint = new TCP4ClientEndpoint(reactor, "127.0.0.1", port);
    const client = await connectProtocol(endpoint, new MemCacheProtocol());
    const ours = {
      name: "torsion",
      set: (key: string, value: string) => client.set(key, value),
      get: (key: string) => client.get(key),
    };
    return { ours, others, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

function memcacheClient(port: number): SocketClient & { close(): void } {
  const client = new MemcacheClient({ server: `127.0.0.1:${port}` });
  return {
    name: "memcache-client",
    set: (key, value) => client.set(key, value),
    get: async (key) => (await client.get<string>(key))?.value,
    close: () => client.shutdown(),
  };
}

function memjsClient(port: number): SocketClient & { close(): void } {
  const client = memjs.Client.create(`127.0.0.1:${port}`, { timeout: 10 });
  return {
    name: "memjs",
    set: (key, value) => client.set(key, value, {}),
    get: async (key) => (await client.get(key)).value,
    close: () => client.close(),
  };
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function whenListening(port: number): Promise<void> {
  for (;;) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
