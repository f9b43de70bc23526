/**
 * The forwarders that `tables/forwarding.ts` compares: `ProxyFactory`; with `chunks`, one whose
 * protocols look at each chunk; with `hand`, a loop as people write it on `Deno.listen`.
 *
 * Usage: `deno run --allow-net bench/servers/forwarder.ts PORT TO_PORT [chunks | hand]`
 *
 * @module
 */

import { ProxyFactory, reactor } from "../../mod.ts";
import { ProxyClient, ProxyClientFactory, ProxyServer } from "../../protocol/mod.ts";

const HOSTNAME = "127.0.0.1";

class ChunkClient extends ProxyClient {
  override dataReceived(data: Uint8Array): void {
    return super.dataReceived(data);
  }
}

class ChunkClientFactory extends ProxyClientFactory {
  override protocol = ChunkClient;
}

class ChunkServer extends ProxyServer {
  override clientProtocolFactory = ChunkClientFactory;

  override dataReceived(data: Uint8Array): void {
    return super.dataReceived(data);
  }
}

async function copy(from: Deno.Conn, to: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(65536);
  for (let read = await from.read(buffer); read !== null; read = await from.read(buffer)) {
    for (let sent = 0; sent < read;) sent += await to.write(buffer.subarray(sent, read));
  }
  await to.closeWrite();
}

async function forwardByHand(port: number, toPort: number): Promise<void> {
  const listener = Deno.listen({ port, hostname: HOSTNAME });
  console.log(`listening on ${listener.addr.port}`);
  for await (const client of listener) {
    const server = await Deno.connect({ port: toPort, hostname: HOSTNAME });
    Promise.all([copy(client, server), copy(server, client)]).finally(() => {
      client.close();
      server.close();
    });
  }
}

async function forward(port: number, toPort: number, looksAtChunks: boolean): Promise<void> {
  const factory = new ProxyFactory(reactor, HOSTNAME, toPort);
  if (looksAtChunks) factory.protocol = ChunkServer;
  const listening = reactor.listenTCP(port, factory, { interface: HOSTNAME });
  console.log(`listening on ${listening.getHost().port}`);
  await reactor.run();
}

const [port, toPort, kind] = Deno.args;
if (kind === "hand") await forwardByHand(Number(port), Number(toPort));
else await forward(Number(port), Number(toPort), kind === "chunks");
