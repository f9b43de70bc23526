import { LineReceiver } from "../protocol/mod.ts";
import type { IProtocolFactory } from "../reactor/interfaces/mod.ts";

/** Options of a {@linkcode LineSendingProtocol}. */
export interface LineSendingProtocolOptions {
  /**
   * Whether the protocol sends its lines as soon as it is connected. With `false`, it sends them
   * when it receives the first line.
   *
   * @default {true}
   */
  start?: boolean | undefined;
}

/**
 * A protocol that sends lines, and collects the lines that it receives. Twisted's
 * `LineSendingProtocol`.
 *
 * @typeParam F The factory that builds it.
 *
 * @example
 * ```ts
 * import { LineSendingProtocol, StringTransport } from "@torsion/reactor/testing";
 *
 * const client = new LineSendingProtocol(["HELO example.org", "QUIT"], { start: false });
 * const transport = new StringTransport();
 * client.makeConnection(transport);
 * client.dataReceived(new TextEncoder().encode("220 ready\r\n250 ok\r\n"));
 * console.log(JSON.stringify(transport.text())); // "HELO example.org\r\nQUIT\r\n"
 * console.log(client.response); // [ "220 ready", "250 ok" ]
 * ```
 */
export class LineSendingProtocol<F extends IProtocolFactory = IProtocolFactory>
  extends LineReceiver<F> {
  /** The lines to send. With `start: false`, it is empty once they have been sent. */
  lines: (Uint8Array | string)[];
  /** The lines that were received, decoded as UTF-8. In Twisted they are bytes. */
  readonly response: string[] = [];
  /** Whether the lines are sent as soon as the connection is made. */
  start: boolean;
  #lostConn = false;

  /**
   * Creates a protocol that is not connected yet.
   *
   * @param lines The lines to send, without delimiters: bytes, or strings that are encoded as
   *   UTF-8.
   * @param options When the lines are sent.
   */
  constructor(lines: Iterable<Uint8Array | string>, options: LineSendingProtocolOptions = {}) {
    super();
    this.lines = [...lines];
    this.start = options.start ?? true;
  }

  /** Whether the connection has been lost. */
  get lostConn(): boolean {
    return this.#lostConn;
  }

  /** Sends the lines, unless `start` is `false`. */
  override connectionMade(): void {
    if (this.start) this.#send();
  }

  /** Adds the line to {@linkcode response}. */
  override textReceived(line: string): void {
    if (!this.start) {
      this.#send();
      this.lines = [];
    }
    this.response.push(line);
  }

  /** Sets {@linkcode lostConn}. */
  override connectionLost(_reason: Error): void {
    this.#lostConn = true;
  }

  #send(): void {
    for (const line of this.lines) this.sendLine(line);
  }
}
