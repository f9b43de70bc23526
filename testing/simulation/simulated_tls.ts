/**
 * A stand-in for TLS: it has the handshakes, records and alerts of TLS, and no cryptography.
 *
 * The number of round trips of a handshake and the sizes of its messages are drawn from the random
 * numbers of the host, which real TLS, with its own randomness, does not allow. Certificates are
 * accepted unread; a handshake fails if both sides offer application protocols and have none in
 * common, if the server requires a certificate and the client has none, or by a fault. Real TLS is
 * tested over memory drivers.
 *
 * @module
 */

import type { TLSClientOptions, TLSServerOptions } from "../../reactor/interfaces/mod.ts";
import type {
  TLSContext,
  TLSEngine,
  TLSEngineSink,
  TLSProvider,
} from "../../reactor/tls/tls_engine.ts";
import type { FaultSite } from "./fault_source.ts";
import type { RandomStream } from "../random_stream.ts";

const DEFAULT_TIMEOUT = 10;
/** The largest record, in bytes (RFC 8446 section 5.1). */
const MOST_PLAINTEXT = 16384;
/** A record begins with its type and its length. */
const RECORD_HEADER = 5;

const HANDSHAKE = 22;
const ALERT = 21;
const DATA = 23;
const CLOSE_NOTIFY = "close_notify";

/** The content of the first message of each side. */
interface Hello {
  readonly protocols: readonly string[];
  readonly hasCertificate: boolean;
  /** The number of further round trips, which the server decides. */
  readonly rounds: number;
}

/** TLS of one simulated host. */
export class SimulatedTLS implements TLSProvider {
  readonly #random: RandomStream;
  readonly #site: FaultSite;

  /**
   * @param random The random numbers of the host.
   * @param site Decides which handshakes fail.
   */
  constructor(random: RandomStream, site: FaultSite) {
    this.#random = random;
    this.#site = site;
  }

  server(options: TLSServerOptions): TLSContext {
    return this.#context(options, true);
  }

  client(options: TLSClientOptions): TLSContext {
    return this.#context(options, false);
  }

  #context(options: TLSServerOptions & TLSClientOptions, isServer: boolean): TLSContext {
    const { handshakeTimeout = DEFAULT_TIMEOUT } = options;
    return {
      handshakeTimeout,
      newEngine: () => new SimulatedEngine(options, isServer, this.#random, this.#site),
    };
  }
}

/** One side of a connection. */
class SimulatedEngine implements TLSEngine {
  readonly #isServer: boolean;
  readonly #options: TLSServerOptions & TLSClientOptions;
  readonly #random: RandomStream;
  readonly #site: FaultSite;
  #sink: TLSEngineSink | null = null;
  /** Records that wait until the previous one was sent, each with what follows its sending. */
  #output: [record: Uint8Array, sent: () => void][] = [];
  #sending: (() => void) | null = null;
  #input = new Uint8Array();
  #hello: Hello | null = null;
  #rounds = 0;
  #isSecured = false;
  #isOver = false;

  constructor(
    options: TLSServerOptions & TLSClientOptions,
    isServer: boolean,
    random: RandomStream,
    site: FaultSite,
  ) {
    this.#options = options;
    this.#isServer = isServer;
    this.#random = random;
    this.#site = site;
  }

  start(sink: TLSEngineSink): void {
    this.#sink = sink;
    if (!this.#isServer) this.#sayHello(0);
  }

  receive(bytes: Uint8Array): void {
    const input = new Uint8Array(this.#input.length + bytes.length);
    input.set(this.#input);
    input.set(bytes, this.#input.length);
    let start = 0;
    while (!this.#isOver && input.length - start >= RECORD_HEADER) {
      const view = new DataView(input.buffer, start);
      const end = start + RECORD_HEADER + view.getUint32(1);
      if (view.getUint8(0) < ALERT || view.getUint8(0) > DATA) {
        return this.#fail("the peer sent a record of an unknown type");
      }
      if (input.length < end) break;
      this.#record(view.getUint8(0), input.slice(start + RECORD_HEADER, end));
      start = end;
    }
    this.#input = input.slice(start);
  }

  receiveEnd(): void {
    if (!this.#isOver) this.#sink?.peerVanished();
  }

  sent(): void {
    const sent = this.#sending;
    this.#sending = null;
    this.#sendNext();
    sent?.();
  }

  write(bytes: Uint8Array): void {
    for (let start = 0; start < bytes.length; start += MOST_PLAINTEXT) {
      const isLast = start + MOST_PLAINTEXT >= bytes.length;
      const sent = isLast ? () => this.#report((sink) => sink.plaintextSent()) : () => {};
      this.#send(DATA, bytes.subarray(start, start + MOST_PLAINTEXT), sent);
    }
    if (bytes.length === 0) this.#sink?.plaintextSent();
  }

  end(): void {
    this.#send(ALERT, encode(CLOSE_NOTIFY), () => this.#report((sink) => sink.closeSent()));
  }

  destroy(): void {
    this.#isOver = true;
    this.#output = [];
  }

  #record(type: number, content: Uint8Array): void {
    if (type === DATA && this.#isSecured) this.#sink?.decrypted(content);
    else if (type === ALERT) this.#alert(decode(content));
    else if (type === HANDSHAKE && !this.#isSecured) this.#shakeHands(content);
    else this.#fail("the peer sent an unexpected record");
  }

  #alert(text: string): void {
    if (text === CLOSE_NOTIFY) this.#sink?.peerClosed();
    else this.#giveUp(`the peer sent the alert: ${text}`);
  }

  /**
   * Handles a handshake message. The client says hello, the server says hello, each further round
   * trip is one message in each direction, and the last message of each side has no successor.
   */
  #shakeHands(content: Uint8Array): void {
    if (this.#hello === null) {
      this.#hello = parseHello(content);
      if (this.#hello === null) return this.#fail("the peer sent an invalid message");
      const reason = this.#isServer ? this.#reasonToRefuse(this.#hello) : null;
      if (reason !== null) return this.#fail(reason);
      this.#rounds = this.#isServer ? this.#random.between(0, 1) : this.#hello.rounds;
      if (this.#isServer) return this.#sayHello(this.#rounds);
    }
    if (this.#isServer) {
      if (this.#rounds-- > 0) this.#sendMessage();
      else this.#secured();
    } else {
      this.#sendMessage();
      if (this.#rounds-- === 0) this.#secured();
    }
  }

  #reasonToRefuse({ protocols, hasCertificate }: Hello): string | null {
    const { caCerts, clientCertificate, alpnProtocols = [] } = this.#options;
    const requires = clientCertificate === "require" ||
      (clientCertificate === undefined && caCerts !== undefined);
    if (this.#site.next("handshake failure") > 0) return "the handshake failed by a fault";
    if (requires && !hasCertificate) return "the client has no certificate";
    if (alpnProtocols.length > 0 && protocols.length > 0 && this.#negotiated === null) {
      return "the two sides have no application protocol in common";
    }
    return null;
  }

  get #negotiated(): string | null {
    const { alpnProtocols: own = [] } = this.#options;
    const peers = this.#hello?.protocols ?? [];
    const [preferred, others] = this.#isServer ? [own, peers] : [peers, own];
    return preferred.find((protocol) => others.includes(protocol)) ?? null;
  }

  #sayHello(rounds: number): void {
    const { alpnProtocols: protocols = [], cert } = this.#options;
    const hello: Hello = { protocols, hasCertificate: cert !== undefined, rounds };
    const text = encode(JSON.stringify(hello));
    // A client's hello has about 200 to 600 bytes, a server's flight with its certificates more.
    const size = this.#isServer ? this.#random.between(1000, 4000) : this.#random.between(200, 600);
    const message = new Uint8Array(Math.max(size, text.length));
    message.set(text);
    this.#send(HANDSHAKE, message);
  }

  #sendMessage(): void {
    this.#send(HANDSHAKE, new Uint8Array(this.#random.between(50, 150)));
  }

  #secured(): void {
    this.#isSecured = true;
    this.#sink?.secured({ negotiatedProtocol: this.#negotiated, peerCertificate: null });
  }

  /** Sends an alert to the peer, and reports the failure. */
  #fail(reason: string): void {
    this.#send(ALERT, encode(reason));
    this.#giveUp(reason);
  }

  #giveUp(reason: string): void {
    if (this.#isOver) return;
    const sink = this.#sink;
    this.#isOver = true;
    sink?.tlsFailed(new Error(reason));
  }

  #send(type: number, content: Uint8Array, sent: () => void = () => {}): void {
    if (this.#isOver) return;
    const record = new Uint8Array(RECORD_HEADER + content.length);
    record[0] = type;
    new DataView(record.buffer).setUint32(1, content.length);
    record.set(content, RECORD_HEADER);
    this.#output.push([record, sent]);
    if (this.#sending === null) this.#sendNext();
  }

  #sendNext(): void {
    const [record, sent] = this.#output.shift() ?? [];
    if (record === undefined || sent === undefined) return;
    this.#sending = sent;
    this.#sink?.encrypted(record);
  }

  #report(f: (sink: TLSEngineSink) => void): void {
    if (!this.#isOver && this.#sink !== null) f(this.#sink);
  }
}

/** Reads a first message; returns `null` if someone has changed it on its way. */
function parseHello(content: Uint8Array): Hello | null {
  try {
    // The content is padded with zeros.
    const hello: unknown = JSON.parse(decode(content).replace(/\0+$/, ""));
    return isHello(hello) ? hello : null;
  } catch {
    return null;
  }
}

function isHello(value: unknown): value is Hello {
  return typeof value === "object" && value !== null && "protocols" in value &&
    Array.isArray(value.protocols) && "hasCertificate" in value &&
    typeof value.hasCertificate === "boolean" && "rounds" in value &&
    (value.rounds === 0 || value.rounds === 1);
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
