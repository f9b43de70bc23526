/**
 * A multicast group: each instance of this program joins the group, asks all members who is there,
 * and answers all members. Start it in several terminals, or on several machines of one network.
 *
 *     deno run --allow-net examples/multicast.ts
 *
 * Output: each instance prints the questions and the answers. Ctrl-C stops an instance. Arguments:
 * another port, and the IP address of the interface to use; `127.0.0.1` keeps all datagrams on this
 * machine.
 */

import { DatagramProtocol, log, reactor } from "@torsion/reactor";
import type { IMulticastTransport, IPv4Address, IPv6Address } from "@torsion/reactor/reactor";

// A group for use within a site (RFC 2365).
const GROUP = "239.255.8.5";

class WhoIsThere extends DatagramProtocol<IMulticastTransport> {
  readonly #interface: string | undefined;

  constructor(interfaceAddress: string | undefined) {
    super();
    this.#interface = interfaceAddress;
  }

  override async startProtocol(): Promise<void> {
    // Datagrams do not leave this network, even if a router forwards multicast.
    this.transport.setTTL(1);
    if (this.#interface !== undefined) await this.transport.setOutgoingInterface(this.#interface);
    await this.transport.joinGroup(GROUP, this.#interface);
    this.#tellAll("Who is there?");
  }

  override datagramReceived(datagram: Uint8Array, addr: IPv4Address | IPv6Address): void {
    const text = new TextDecoder().decode(datagram);
    log.msg(`${addr}: ${text}`);
    if (text === "Who is there?") this.#tellAll(`Process ${Deno.pid}`);
  }

  #tellAll(text: string): void {
    const { port } = this.transport.getHost();
    this.transport.write(text, { host: GROUP, port });
  }
}

if (import.meta.main) {
  log.startLogging(Deno.stdout);
  const [port = "8005", interfaceAddress] = Deno.args;
  // All instances on one machine share the port.
  const options = { listenMultiple: true };
  reactor.listenMulticast(Number(port), new WhoIsThere(interfaceAddress), options);
  await reactor.run();
}
