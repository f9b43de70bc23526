/**
 * UDP ports over sockets in memory, with a host whose turns the test moves.
 *
 * @module
 */

import { DatagramProtocol } from "../../protocol/mod.ts";
import type { IPv4Address, IPv6Address } from "../addresses.ts";
import { datagramLimits } from "../datagram/datagram_limits.ts";
import type { IMulticastTransport, ListenMulticastOptions } from "../interfaces.ts";
import {
  MemoryDatagramNetwork,
  type MemoryUDPDriver,
} from "../datagram/memory_datagram_network.ts";
import { UDPPort } from "../datagram/udp_port.ts";
import { TestHost } from "./connection_bed.ts";

/** What the methods of a {@linkcode DatagramRecorder} do beside recording. */
export interface DatagramBehaviour {
  startProtocol?: (protocol: DatagramRecorder) => unknown;
  stopProtocol?: (protocol: DatagramRecorder) => unknown;
  datagramReceived?: (
    protocol: DatagramRecorder,
    text: string,
    addr: IPv4Address | IPv6Address,
  ) => unknown;
  connectionRefused?: (protocol: DatagramRecorder) => unknown;
}

/** A protocol that records what happens to it. */
export class DatagramRecorder extends DatagramProtocol<IMulticastTransport> {
  /** What happened, in order: `started`, `received …`, `refused`, `stopped`. */
  readonly events: string[] = [];
  /** Where what was received came from. */
  readonly sources: (IPv4Address | IPv6Address)[] = [];
  readonly behaviour: DatagramBehaviour;

  constructor(behaviour: DatagramBehaviour = {}) {
    super();
    this.behaviour = behaviour;
  }

  override startProtocol(): void {
    this.events.push("started");
    return this.behaviour.startProtocol?.(this) as void;
  }

  override stopProtocol(): void {
    this.events.push("stopped");
    return this.behaviour.stopProtocol?.(this) as void;
  }

  override datagramReceived(datagram: Uint8Array, addr: IPv4Address | IPv6Address): void {
    const text = new TextDecoder().decode(datagram);
    this.events.push(`received ${text}`);
    this.sources.push(addr);
    return this.behaviour.datagramReceived?.(this, text, addr) as void;
  }

  override connectionRefused(): void {
    this.events.push("refused");
    return this.behaviour.connectionRefused?.(this) as void;
  }

  /** What has happened since this was last asked. */
  take(): string[] {
    return this.events.splice(0);
  }

  override logPrefix(): string {
    return "Recorder";
  }
}

/** A port, and what is around it. */
export interface DatagramEnd {
  readonly protocol: DatagramRecorder;
  readonly port: UDPPort;
  /** The sockets that it has been bound to. */
  readonly drivers: MemoryUDPDriver[];
}

/** Ports on one machine in memory. */
export class DatagramBed {
  readonly host = new TestHost();
  readonly network = new MemoryDatagramNetwork({ schedule: (step) => this.host.steps.push(step) });

  /** A port that listens. */
  listen(
    behaviour: DatagramBehaviour = {},
    options: ListenMulticastOptions & { port?: number } = {},
  ): DatagramEnd {
    const end = this.prepare(behaviour, options);
    end.port.startListening();
    return end;
  }

  /** A port that does not listen yet. */
  prepare(
    behaviour: DatagramBehaviour = {},
    options: ListenMulticastOptions & { port?: number } = {},
  ): DatagramEnd {
    const { interface: host = "127.0.0.1", port = 0, listenMultiple } = options;
    const drivers: MemoryUDPDriver[] = [];
    const protocol = new DatagramRecorder(behaviour);
    const udpPort = new UDPPort(this.host, protocol, datagramLimits(options), () => {
      const driver = this.network.bind(host, port, listenMultiple);
      drivers.push(driver);
      return driver;
    });
    return { protocol, port: udpPort, drivers };
  }
}
