/**
 * A listening port over an acceptor that the test works by hand.
 *
 * @module
 */

import { assert } from "@std/assert";
import { Factory, Protocol } from "../../protocol/mod.ts";
import { IPv4Address } from "../addresses.ts";
import { connectionLimits } from "../connection_limits.ts";
import type { IAddress } from "../interfaces.ts";
import { memoryPipe } from "../memory_driver.ts";
import type { StreamAcceptor, StreamAcceptorSink } from "../stream_acceptor.ts";
import { StreamPort } from "../stream_port.ts";
import type { StreamPortLimits } from "../stream_port_limits.ts";
import type { Securing } from "../tls/handshake.ts";
import { Peer, TestHost } from "./connection_bed.ts";

/** An acceptor to which connections come when the test says so. */
export class HandAcceptor implements StreamAcceptor {
  readonly address: IAddress = new IPv4Address("TCP", "127.0.0.1", 2000);
  readonly calls: string[] = [];
  isAccepting = false;
  turnsAway = false;
  readonly #host: TestHost;
  #sink: StreamAcceptorSink | null = null;

  constructor(host: TestHost) {
    this.#host = host;
  }

  attach(sink: StreamAcceptorSink): void {
    this.#sink = sink;
  }

  accept(turnAway = false): void {
    assert(!this.isAccepting && !this.calls.includes("close"), "accept() out of turn");
    this.isAccepting = true;
    this.turnsAway = turnAway;
  }

  /** Turns a client away. */
  turnAway(): void {
    this.isAccepting = false;
    this.#sink?.turnedAway();
  }

  close(): void {
    this.calls.push("close");
  }

  unref(): void {
    this.calls.push("unref");
  }

  /** Someone connects. @returns the peer, unless nobody accepts. */
  connect(host = "192.0.2.1"): Peer | null {
    if (!this.isAccepting) return null;
    this.isAccepting = false;
    const peerAddress = new IPv4Address("TCP", host, 3000);
    const [end, other] = memoryPipe({
      schedule: (step) => this.#host.steps.push(step),
      addresses: [this.address, peerAddress],
    });
    const peer = new Peer(other);
    other.startReading();
    this.#sink?.accepted(end);
    this.#host.settle();
    return peer;
  }

  fail(error: Error): void {
    this.isAccepting = false;
    this.#sink?.acceptFailed(error);
  }

  release(): void {
    this.#sink?.released();
  }
}

/** A factory that keeps what it builds, and notes what it is told. */
export class TestFactory extends Factory<Protocol> {
  readonly built: Protocol[] = [];
  readonly events: string[] = [];

  override buildProtocol(_addr: IAddress): Protocol | null {
    const protocol = new Protocol();
    this.built.push(protocol);
    return protocol;
  }

  override startFactory(): void {
    this.events.push("start");
  }

  override stopFactory(): void {
    this.events.push("stop");
  }
}

/** A port that listens, and what is around it. */
export interface PortBed {
  host: TestHost;
  factory: TestFactory;
  acceptors: HandAcceptor[];
  acceptor: HandAcceptor;
  port: StreamPort;
}

/** No bounds beyond the defaults. */
export const LIMITS: StreamPortLimits = {
  maxConnections: Infinity,
  maxConnectionsPerHost: Infinity,
  maxHandshakes: 1000,
  overflow: "pause",
  connection: connectionLimits({}),
};

/** Makes a port that listens. */
export function listen(
  limits: Partial<StreamPortLimits> = {},
  factory = new TestFactory(),
  host = new TestHost(),
  secure: Securing | null = null,
): PortBed {
  const acceptors: HandAcceptor[] = [];
  const port = new StreamPort(
    host,
    factory,
    { ...LIMITS, ...limits },
    () => {
      const acceptor = new HandAcceptor(host);
      acceptors.push(acceptor);
      return acceptor;
    },
    secure,
  );
  port.startListening();
  const acceptor = acceptors[0] ?? new HandAcceptor(host);
  return { host, factory, acceptors, acceptor, port };
}
