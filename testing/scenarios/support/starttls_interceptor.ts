/**
 * An attacker on the way between two hosts: it watches, injects lines, and cuts connections.
 *
 * @module
 */

import {
  type ForwardingProtocol,
  ProxyClient,
  ProxyClientFactory,
  ProxyFactory,
  ProxyServer,
} from "../../../protocol/mod.ts";
import type { Address, ConnectTCPOptions } from "../../../reactor/interfaces/mod.ts";
import type { SimulatedHost } from "../../simulation/mod.ts";
import { joined } from "./joined.ts";
import { GO_AHEAD, INJECTED, NOT_AVAILABLE, type StartTLSWorld } from "./starttls_world.ts";

/** What the attacker does to a session. */
type Attack =
  | "watch"
  /** A line follows the command STARTTLS in the same segment. */
  | "inject a command"
  /** A line follows the command STARTTLS a little later. */
  | "inject a late command"
  /** A line follows the answer to STARTTLS in the same segment. */
  | "inject a reply"
  /** The connections are closed in the middle of a TLS session. */
  | "cut";
const ATTACKS: readonly Attack[] = [
  "watch",
  "watch",
  "watch",
  "watch",
  "inject a command",
  "inject a late command",
  "inject a reply",
  "cut",
];

const RECORD_HEADER = 5;
const [FIRST_TYPE, LAST_TYPE] = [21, 23] as const;
const MOST_CONTENT = 16384;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Watches one direction: lines before the upgrade, TLS records after it. */
class Watcher {
  readonly #world: StartTLSWorld;
  readonly #name: string;
  #rest: Uint8Array = new Uint8Array();
  /** Whether only records may follow. */
  isOverTLS = false;

  constructor(world: StartTLSWorld, name: string) {
    this.#world = world;
    this.#name = name;
  }

  /**
   * Reads bytes that pass.
   *
   * @param line Called with each line.
   */
  read(data: Uint8Array, line: (text: string) => void): void {
    // The memory of the data is transferred when it is forwarded.
    this.#rest = joined(this.#rest, data.slice());
    while (this.#rest.length > 0 && (this.isOverTLS ? this.#readRecord() : this.#readLine(line)));
  }

  #readLine(line: (text: string) => void): boolean {
    const end = this.#rest.indexOf(10);
    if (end < 0) return false;
    const text = decoder.decode(this.#rest.subarray(0, end - 1));
    this.#rest = this.#rest.subarray(end + 1);
    line(text);
    return true;
  }

  #readRecord(): boolean {
    const [type = 0] = this.#rest;
    if (type < FIRST_TYPE || type > LAST_TYPE) {
      this.#world.network.fail(`plain text after the upgrade ${this.#name}: ${this.#rest}`);
    }
    if (this.#rest.length < RECORD_HEADER) return false;
    const view = new DataView(this.#rest.buffer, this.#rest.byteOffset);
    const length = view.getUint32(1);
    if (length > MOST_CONTENT) this.#world.network.fail(`a record of ${length} bytes`);
    if (this.#rest.length < RECORD_HEADER + length) return false;
    this.#rest = this.#rest.subarray(RECORD_HEADER + length);
    return true;
  }
}

/** What the attacker knows of one session. */
class Interception {
  readonly #world: StartTLSWorld;
  readonly #host: SimulatedHost;
  readonly #attack: Attack;
  readonly #toServer: Watcher;
  readonly #toClient: Watcher;
  /** Whether the client has asked for TLS, and the server has not answered. */
  #isAsking = false;

  constructor(world: StartTLSWorld, host: SimulatedHost) {
    this.#world = world;
    this.#host = host;
    this.#attack = host.random.pick(ATTACKS);
    this.#toServer = new Watcher(world, "from a client");
    this.#toClient = new Watcher(world, "from the server");
  }

  /** Returns the bytes to forward to the server. */
  fromClient(data: Uint8Array, client: ForwardingProtocol): Uint8Array {
    let isAsking = false;
    this.#toServer.read(data, (line) => {
      if (this.#isAsking) this.#world.network.fail("a client has not waited for the answer");
      this.#isAsking = isAsking = line === "STARTTLS";
    });
    if (isAsking && this.#attack === "inject a command") return this.#inject(data);
    if (isAsking && this.#attack === "inject a late command") {
      const { peer } = client;
      this.#host.reactor.callLater(this.#host.random.between(0, 5) / 1000, () => {
        peer?.transport.write(this.#inject(new Uint8Array()));
      });
    }
    const isCut = this.#attack === "cut" && this.#toServer.isOverTLS;
    if (isCut && this.#host.random.below(4) === 0) {
      this.#world.network.sometimes("an attacker cuts a session", true);
      client.transport.loseConnection();
      client.peer?.transport.loseConnection();
    }
    return data;
  }

  /** Returns the bytes to forward to the client. */
  fromServer(data: Uint8Array): Uint8Array {
    let hasAgreed = false;
    this.#toClient.read(data, (line) => {
      if (!this.#isAsking) return;
      if (line === NOT_AVAILABLE) this.#isAsking = false;
      if (line !== GO_AHEAD) return;
      hasAgreed = this.#toServer.isOverTLS = this.#toClient.isOverTLS = true;
      this.#isAsking = false;
    });
    return hasAgreed && this.#attack === "inject a reply" ? this.#inject(data) : data;
  }

  #inject(data: Uint8Array): Uint8Array {
    this.#world.network.sometimes("an attacker injects a line", true);
    return joined(data, encoder.encode(`${INJECTED} line\r\n`));
  }
}

/** Forwards connections, and lets the attacker change what passes. */
export class Interceptor extends ProxyFactory {
  readonly #world: StartTLSWorld;
  readonly #host: SimulatedHost;

  /**
   * @param world What is checked.
   * @param host The host of the attacker.
   * @param server The address of the server.
   * @param port The port of the server.
   * @param options Options of the connections to the server.
   */
  constructor(
    world: StartTLSWorld,
    host: SimulatedHost,
    server: string,
    port: number,
    options: ConnectTCPOptions,
  ) {
    super(host.reactor, server, port, options);
    this.#world = world;
    this.#host = host;
  }

  override buildProtocol(_addr: Address): ProxyServer {
    const interception = new Interception(this.#world, this.#host);
    class Outgoing extends ProxyClient {
      override dataReceived(data: Uint8Array): void {
        super.dataReceived(interception.fromServer(data));
      }
    }
    class Outgoings extends ProxyClientFactory {
      override protocol = Outgoing;
    }
    class Incoming extends ProxyServer {
      override clientProtocolFactory = Outgoings;

      override dataReceived(data: Uint8Array): void {
        super.dataReceived(interception.fromClient(data, this));
      }
    }
    const incoming = new Incoming();
    incoming.factory = this;
    return this.#world.connections.watch(this.#host, incoming);
  }
}
