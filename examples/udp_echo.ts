/**
 * A UDP echo server: it sends every datagram back to its sender. With a host and a port it is a
 * client, which sends each typed line, and prints the replies.
 *
 *     deno run --allow-net examples/udp_echo.ts
 *
 * Try it: `echo hello | nc -u -w 1 127.0.0.1 9999` prints `hello`, and so does this program with
 * the arguments `127.0.0.1 9999`. Ctrl-C stops it. Another port can be given as an argument; 0 lets
 * the system choose.
 */

import { DatagramProtocol, log, reactor } from "@torsion/reactor";
import type { IPv4Address, IPv6Address } from "@torsion/reactor/reactor";

class Echo extends DatagramProtocol {
  override datagramReceived(datagram: Uint8Array, addr: IPv4Address | IPv6Address): void {
    log.msg(`${datagram.length} bytes from ${addr}`);
    this.transport.write(datagram, addr);
  }
}

class EchoClient extends DatagramProtocol {
  readonly #host: string;
  readonly #port: number;

  constructor(host: string, port: number) {
    super();
    this.#host = host;
    this.#port = port;
  }

  override startProtocol(): void {
    this.transport.connect(this.#host, this.#port);
    this.#sendLines();
  }

  override datagramReceived(datagram: Uint8Array): void {
    Deno.stdout.writeSync(datagram);
  }

  async #sendLines(): Promise<void> {
    // A terminal delivers one line at a time.
    for await (const line of Deno.stdin.readable) this.transport.write(line);
  }
}

/** Listens, or prints why it cannot. */
function listen(port: number, protocol: DatagramProtocol): void {
  try {
    reactor.listenUDP(port, protocol);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}

if (import.meta.main) {
  const [host, port] = Deno.args;
  if (host !== undefined && port !== undefined) {
    listen(0, new EchoClient(host, Number(port)));
  } else {
    log.startLogging(Deno.stdout);
    listen(Number(host ?? 9999), new Echo());
  }
  await reactor.run();
}
